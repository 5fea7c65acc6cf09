#include "media/kernels.h"

#include <algorithm>
#include <array>

namespace klein {
namespace {

std::uint8_t to_byte(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

void blend_rows(const std::uint8_t* in, std::ptrdiff_t stride, const std::int16_t* weights, int count, int shift,
                int width, std::uint8_t* out) {
  constexpr int chunk = 256;  // of sums that stay in the first cache
  std::array<std::int32_t, chunk> sums;
  for (int first = 0; first < width; first += chunk) {
    const int columns = std::min(chunk, width - first);
    sums.fill(1 << (shift - 1));
    for (int row = 0; row < count; ++row) {
      const std::uint8_t* from = in + row * stride + first;
      for (int x = 0; x < columns; ++x) sums[x] += from[x] * weights[row];
    }
    for (int x = 0; x < columns; ++x) out[first + x] = to_byte(sums[x] >> shift);
  }
}

template <int channels>
void resize_row(const std::uint8_t* in, const Taps& taps, std::uint8_t* out) {
  for (int i = 0; i < taps.to; ++i, out += channels) {
    const std::uint8_t* from = in + taps.first[i] * channels;
    const std::int16_t* weights = taps.weights.data() + std::ptrdiff_t{i} * taps.width;
    for (int channel = 0; channel < channels; ++channel) {
      int sum = 1 << (taps.shift - 1);
      for (int k = 0; k < taps.count[i]; ++k) sum += from[k * channels + channel] * weights[k];
      out[channel] = to_byte(sum >> taps.shift);
    }
  }
}

/// a * b / 2^15, rounded: what vector units do in one instruction.
int scaled(int a, int b) { return (a * b + (1 << 14)) >> 15; }

void to_rgb(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int width, std::uint8_t* out) {
  for (int x = 0; x < width; ++x, out += 3) {
    const int luma = (y[x] << 6) + 32, blue = cb[x] - 128, red = cr[x] - 128;
    out[0] = to_byte((luma + scaled(red << 7, 22970)) >> 6);                             // 1.402 / 2
    out[1] = to_byte((luma - scaled(blue << 6, 11277) - scaled(red << 6, 23401)) >> 6);  // 0.344136, 0.714136
    out[2] = to_byte((luma + scaled(blue << 7, 29032)) >> 6);                            // 1.772 / 2
  }
}

}  // namespace

const Kernels& portable_kernels() {
  static constexpr Kernels portable{blend_rows, {resize_row<1>, resize_row<2>, resize_row<3>, resize_row<4>}, to_rgb};
  return portable;
}

const Kernels& kernels() {
  static const Kernels& best = avx2_kernels() ? *avx2_kernels() : portable_kernels();
  return best;
}

}  // namespace klein
