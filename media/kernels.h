#pragma once
// The inner loops of resizing and colour conversion, in plain C++ and for AVX2; both give the same bytes.

#include <cstdint>

#include "media/taps.h"

namespace klein {

struct Kernels {
  /// out[x] = the weighted sum of `count` rows of `width` bytes, `stride` apart from `in` on.
  void (*blend_rows)(const std::uint8_t* in, std::ptrdiff_t stride, const std::int16_t* weights, int count, int shift,
                     int width, std::uint8_t* out);
  /// One row of interleaved pixels to `taps.to` pixels, by number of channels (1 to 4). Reads up to `slack` bytes after
  /// the row's end, whatever they are.
  void (*resize_row[4])(const std::uint8_t* in, const Taps& taps, std::uint8_t* out);
  /// Full-range YCbCr (JFIF) planes to interleaved RGB.
  void (*to_rgb)(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int width, std::uint8_t* out);
};

/// How many bytes `resize_row` may read after a row.
inline int slack(const Taps& taps, int channels) { return taps.width * channels + 16; }

const Kernels& portable_kernels();
/// Null where this machine lacks AVX2.
const Kernels* avx2_kernels();
/// The best ones here.
const Kernels& kernels();

}  // namespace klein
