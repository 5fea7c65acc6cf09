#include "media/resize.h"

#include <algorithm>
#include <cstring>

namespace klein {
namespace {

void reserve(std::vector<std::uint8_t>& scratch, std::size_t bytes) {
  if (scratch.size() < bytes) scratch.resize(bytes);
}

void blend(const std::uint8_t* in, std::ptrdiff_t stride, const Taps& down, int row, int width, std::uint8_t* out) {
  kernels().blend_rows(in + down.first[row] * stride, stride, down.weights.data() + std::ptrdiff_t{row} * down.width,
                       down.count[row], down.shift, width, out);
}

void down_then_across(const std::uint8_t* in, int channels, const Taps& down, const Taps& across,
                      std::vector<std::uint8_t>& scratch, std::uint8_t* out) {
  const int width = across.samples * channels;
  reserve(scratch, static_cast<std::size_t>(width + slack(across, channels)));
  for (int row = 0; row < down.to; ++row, out += std::ptrdiff_t{across.to} * channels) {
    blend(in, width, down, row, width, scratch.data());
    kernels().resize_row[channels - 1](scratch.data(), across, out);
  }
}

void across_then_down(const std::uint8_t* in, int channels, const Taps& down, const Taps& across,
                      std::vector<std::uint8_t>& scratch, std::uint8_t* out) {
  const std::ptrdiff_t width = std::ptrdiff_t{across.samples} * channels, narrow = std::ptrdiff_t{across.to} * channels;
  const std::ptrdiff_t size = width * down.samples, after = slack(across, channels);
  reserve(scratch, static_cast<std::size_t>(narrow * down.samples + width + after));
  std::uint8_t* last = scratch.data() + narrow * down.samples;
  for (int row = 0; row < down.samples; ++row) {
    const std::uint8_t* from = in + row * width;
    if ((row + 1) * width + after > size) {  // a kernel would read past the picture's end
      std::memcpy(last, from, static_cast<std::size_t>(width));
      from = last;
    }
    kernels().resize_row[channels - 1](from, across, scratch.data() + row * narrow);
  }
  for (int row = 0; row < down.to; ++row) {
    blend(scratch.data(), narrow, down, row, static_cast<int>(narrow), out + row * narrow);
  }
}

}  // namespace

void resize_plane_row(const Plane& plane, const Taps& down, const Taps& across, int row,
                      std::vector<std::uint8_t>& scratch, std::uint8_t* out) {
  if (down.count[row] == 1) {
    return kernels().resize_row[0](plane.samples + down.first[row] * plane.stride, across, out);
  }
  reserve(scratch, static_cast<std::size_t>(across.samples + slack(across, 1)));
  blend(plane.samples, plane.stride, down, row, across.samples, scratch.data());
  kernels().resize_row[0](scratch.data(), across, out);
}

void resize_pixels(const std::uint8_t* in, int channels, const Taps& down, const Taps& across, bool across_first,
                   std::vector<std::uint8_t>& scratch, std::uint8_t* out) {
  if (across_first) return across_then_down(in, channels, down, across, scratch, out);
  down_then_across(in, channels, down, across, scratch, out);
}

}  // namespace klein
