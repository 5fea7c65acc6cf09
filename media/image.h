#pragma once
// Pictures: from the bytes of a JPEG, PNG or WebP file to RGB, and from one size to another. Rows from the top, pixels
// from the left, channels interleaved, 8 bits each (HWC). EXIF orientation is applied, so a picture is as one sees it.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace klein {

struct Size {
  int height = 0, width = 0;
  bool operator==(const Size&) const = default;
  std::int64_t pixels() const { return std::int64_t{height} * width; }
};

/// The filters, by Pillow's definitions (bilinear, bicubic, box): antialiased, so that a filter widens as a picture
/// shrinks.
enum class Resample { bilinear, bicubic, area };
Result<Resample> to_resample(std::string_view name);

/// `white`, `black`, or `#rrggbb`.
Result<std::array<std::uint8_t, 3>> to_color(std::string_view name);

struct DecodeOptions {
  std::optional<Size> size = std::nullopt;  // nothing: the picture's own
  Resample resample = Resample::bilinear;
  std::array<std::uint8_t, 3> background = {255, 255, 255};  // what shows through transparent pixels
};

struct Image {
  Size size;
  std::vector<std::uint8_t> pixels;  // RGB
};

/// Pictures with more pixels are refused with Code::resource: a small file can claim any size.
inline constexpr std::int64_t max_image_pixels = 200'000'000;

/// The size that `decode_image` would give, from the file's header alone. Errors as there, where the header tells.
Result<Size> image_size(BytesView bytes);

/// Decodes picture after picture with the same options, keeping buffers and weights between calls. One thread at a
/// time. Errors: Code::corrupt for bytes that are no picture, truncated or damaged ones; Code::resource for one too
/// large. A JPEG at least twice the size asked for is decoded at 1/2, 1/4 or 1/8, the smallest that is not below it: on
/// average within 3 of 255 of the whole picture resized.
class ImageDecoder {
 public:
  explicit ImageDecoder(DecodeOptions options);
  ImageDecoder(ImageDecoder&&) noexcept;
  ImageDecoder& operator=(ImageDecoder&&) noexcept;
  ~ImageDecoder();

  const DecodeOptions& options() const;
  /// Writes `size->height * size->width * 3` bytes; needs a size in the options. After an error they are not to be
  /// used.
  Result<> decode(BytesView bytes, std::uint8_t* out);
  /// Of the options' size, or else the picture's own.
  Result<Image> decode(BytesView bytes);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

/// Resizes pictures of 1 to 4 interleaved channels, keeping buffers and weights between calls. One thread at a time.
/// Within 1 of Pillow's `Image.resize` (cubic: save where Pillow cuts off its overshoot between other passes).
class ImageResizer {
 public:
  explicit ImageResizer(Resample resample);
  ImageResizer(ImageResizer&&) noexcept;
  ImageResizer& operator=(ImageResizer&&) noexcept;
  ~ImageResizer();

  /// `in` and `out` do not overlap. Errors: Code::invalid for an empty size or a number of channels out of range.
  Result<> resize(const std::uint8_t* in, Size from, int channels, std::uint8_t* out, Size to);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

/// The same, once.
Result<> decode_image(BytesView bytes, const DecodeOptions& options, std::uint8_t* out);
Result<Image> decode_image(BytesView bytes, const DecodeOptions& options = {});
Result<> resize_image(const std::uint8_t* in, Size from, int channels, std::uint8_t* out, Size to, Resample resample);

}  // namespace klein
