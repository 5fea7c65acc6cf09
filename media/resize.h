#pragma once
// The steps of a resize: whole interleaved pictures, and single rows of planes for those who convert as they go.

#include <cstdint>
#include <vector>

#include "media/image.h"
#include "media/kernels.h"
#include "media/taps.h"

namespace klein {

/// A channel's samples, rows `stride` apart; at least `slack` bytes follow each row within the same memory.
struct Plane {
  const std::uint8_t* samples = nullptr;
  std::ptrdiff_t stride = 0;
};

/// One output row of a plane, `across.to` bytes. `scratch` is grown where it is too small.
void resize_plane_row(const Plane& plane, const Taps& down, const Taps& across, int row,
                      std::vector<std::uint8_t>& scratch, std::uint8_t* out);

/// A whole picture. `in` and `out` do not overlap; rows are next to each other.
void resize_pixels(const std::uint8_t* in, int channels, const Taps& down, const Taps& across, bool across_first,
                   std::vector<std::uint8_t>& scratch, std::uint8_t* out);

}  // namespace klein
