#include "media/webp.h"

#include <webp/decode.h>

#include "media/png.h"

namespace klein {
namespace {

Error failure(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return Error(Code::resource, "there is not enough memory to decode the WebP file");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return Error(Code::corrupt, "the WebP file is truncated: it ends before its picture does");
    case VP8_STATUS_UNSUPPORTED_FEATURE: return Error(Code::corrupt, "the WebP file uses a feature that is not known");
    default: return Error(Code::corrupt, "the WebP file is damaged");
  }
}

}  // namespace

Result<> decode_webp(BytesView bytes, Size size, const std::array<std::uint8_t, 3>& background,
                     std::vector<std::uint8_t>& scratch, std::uint8_t* out) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  WebPDecoderConfig config;
  KLEIN_ASSERT(WebPInitDecoderConfig(&config));
  if (const auto status = WebPGetFeatures(data, bytes.size(), &config.input)) return failure(status);
  if (config.input.has_animation) {
    return Error(Code::invalid, "an animated WebP is not one picture: decode_image reads still ones");
  }
  if (Size{config.input.height, config.input.width} != size) {
    return Error(Code::corrupt, "the WebP file says two different sizes");
  }
  const bool transparent = config.input.has_alpha != 0;
  const std::size_t stride = static_cast<std::size_t>(size.width) * (transparent ? 4 : 3);
  const std::size_t bytes_needed = stride * static_cast<std::size_t>(size.height);
  if (transparent) scratch.resize(bytes_needed);
  config.output.colorspace = transparent ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {transparent ? scratch.data() : out, static_cast<int>(stride), bytes_needed};
  const auto status = WebPDecode(data, bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) return failure(status);
  if (transparent) composite(scratch.data(), size.pixels(), background, out);
  return {};
}

}  // namespace klein
