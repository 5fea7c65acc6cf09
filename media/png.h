#pragma once
// PNG by libpng: any colour type, depth and interlacing, to 8 bits. Gamma chunks are not applied, as Pillow does not.

#include <cstdint>
#include <vector>

#include "media/image.h"

namespace klein {

/// Decodes a picture whose header says `size` to RGB in `out`, transparent pixels over `background`. `scratch` is kept
/// between calls.
Result<> decode_png(BytesView bytes, Size size, const std::array<std::uint8_t, 3>& background,
                    std::vector<std::uint8_t>& scratch, std::uint8_t* out);

/// RGBA pixels over `background`, as RGB. `out` may be `in`.
void composite(const std::uint8_t* in, std::int64_t pixels, const std::array<std::uint8_t, 3>& background,
               std::uint8_t* out);

}  // namespace klein
