#pragma once
// WebP by libwebp, lossy and lossless; of an animation nothing is decoded: it is no one picture.

#include <cstdint>
#include <vector>

#include "media/image.h"

namespace klein {

/// Decodes a picture whose header says `size` to RGB in `out`, transparent pixels over `background`. `scratch` is kept
/// between calls.
Result<> decode_webp(BytesView bytes, Size size, const std::array<std::uint8_t, 3>& background,
                     std::vector<std::uint8_t>& scratch, std::uint8_t* out);

}  // namespace klein
