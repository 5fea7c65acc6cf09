#include "media/image.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "media/header.h"
#include "media/jpeg.h"
#include "media/png.h"
#include "media/resize.h"
#include "media/webp.h"

namespace klein {
namespace {

constexpr std::size_t kept_bytes = 32 << 20;

void drop_if_large(std::vector<std::uint8_t>& buffer) {
  if (buffer.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(buffer);
}

std::size_t rgb_bytes(Size size) { return static_cast<std::size_t>(size.pixels()) * 3; }

Result<> check_target(Size size) {
  if (size.height > 0 && size.width > 0 && size.pixels() <= max_image_pixels) return {};
  return Error(Code::invalid, "a picture can't have this size: " + std::to_string(size.height) + " x " +
                                  std::to_string(size.width) + " (height x width)");
}

}  // namespace

class ImageDecoder::Parts {
 public:
  explicit Parts(DecodeOptions options) : options_(options) {}
  const DecodeOptions& options() const { return options_; }

  Result<> decode(BytesView bytes, const PictureHeader& header, Size to, std::uint8_t* out) {
    auto result =
        header.orientation == 1 ? decode_upright(bytes, header, to, out) : decode_turned(bytes, header, to, out);
    for (auto* buffer : {&rgba_, &rgb_, &turned_, &scratch_}) drop_if_large(*buffer);
    return result;
  }

 private:
  Result<> decode_turned(BytesView bytes, const PictureHeader& header, Size to, std::uint8_t* out) {
    const Size stored = oriented(to, header);  // turning twice gives the same
    turned_.resize(rgb_bytes(stored));
    KLEIN_TRY(decode_upright(bytes, header, stored, turned_.data()));
    orient(turned_.data(), stored, header.orientation, out);
    return {};
  }
  Result<> decode_upright(BytesView bytes, const PictureHeader& header, Size to, std::uint8_t* out) {
    if (header.format == Format::jpeg) return jpeg_.decode(bytes, header.size, to, options_.resample, out);
    const bool as_stored = to == header.size;
    if (!as_stored) rgb_.resize(rgb_bytes(header.size));
    std::uint8_t* pixels = as_stored ? out : rgb_.data();
    const auto decode_whole = header.format == Format::png ? decode_png : decode_webp;
    KLEIN_TRY(decode_whole(bytes, header.size, options_.background, rgba_, pixels));
    if (!as_stored) resize(header.size, to, out);
    return {};
  }
  void resize(Size from, Size to, std::uint8_t* out) {
    const Taps& down = taps_.get({.samples = from.height, .from = from.height, .to = to.height}, options_.resample);
    const Taps& across = taps_.get({.samples = from.width, .from = from.width, .to = to.width}, options_.resample);
    resize_pixels(rgb_.data(), 3, down, across, options_.resample == Resample::bicubic, scratch_, out);
  }

  DecodeOptions options_;
  JpegDecoder jpeg_;
  TapsCache taps_;
  std::vector<std::uint8_t> rgba_, rgb_, turned_, scratch_;
};

ImageDecoder::ImageDecoder(DecodeOptions options) : parts_(std::make_unique<Parts>(options)) {}
ImageDecoder::ImageDecoder(ImageDecoder&&) noexcept = default;
ImageDecoder& ImageDecoder::operator=(ImageDecoder&&) noexcept = default;
ImageDecoder::~ImageDecoder() = default;

const DecodeOptions& ImageDecoder::options() const { return parts_->options(); }

Result<> ImageDecoder::decode(BytesView bytes, std::uint8_t* out) {
  KLEIN_ASSERT(options().size.has_value());
  KLEIN_TRY(check_target(*options().size));
  return parts_->decode(bytes, KLEIN_TRY(read_header(bytes)), *options().size, out);
}

Result<Image> ImageDecoder::decode(BytesView bytes) {
  const auto header = KLEIN_TRY(read_header(bytes));
  Image image{.size = options().size.value_or(oriented(header.size, header)), .pixels = {}};
  KLEIN_TRY(check_target(image.size));
  image.pixels.resize(rgb_bytes(image.size));
  KLEIN_TRY(parts_->decode(bytes, header, image.size, image.pixels.data()));
  return image;
}

class ImageResizer::Parts {
 public:
  explicit Parts(Resample resample) : resample_(resample) {}
  void resize(const std::uint8_t* in, Size from, int channels, std::uint8_t* out, Size to) {
    const Taps& down = taps_.get({.samples = from.height, .from = from.height, .to = to.height}, resample_);
    const Taps& across = taps_.get({.samples = from.width, .from = from.width, .to = to.width}, resample_);
    // A cubic's overshoot is cut off after each pass, so the order of the passes shows: Pillow's is across first.
    resize_pixels(in, channels, down, across, resample_ == Resample::bicubic || to.height > from.height, scratch_, out);
    drop_if_large(scratch_);
  }

 private:
  Resample resample_;
  TapsCache taps_;
  std::vector<std::uint8_t> scratch_;
};

ImageResizer::ImageResizer(Resample resample) : parts_(std::make_unique<Parts>(resample)) {}
ImageResizer::ImageResizer(ImageResizer&&) noexcept = default;
ImageResizer& ImageResizer::operator=(ImageResizer&&) noexcept = default;
ImageResizer::~ImageResizer() = default;

Result<> ImageResizer::resize(const std::uint8_t* in, Size from, int channels, std::uint8_t* out, Size to) {
  KLEIN_TRY(check_target(from));
  KLEIN_TRY(check_target(to));
  if (channels < 1 || channels > 4) {
    return Error(Code::invalid, "a picture has 1 to 4 channels, not " + std::to_string(channels));
  }
  if (from == to) {
    std::memcpy(out, in, static_cast<std::size_t>(from.pixels()) * static_cast<std::size_t>(channels));
  } else {
    parts_->resize(in, from, channels, out, to);
  }
  return {};
}

Result<Size> image_size(BytesView bytes) {
  const auto header = KLEIN_TRY(read_header(bytes));
  return oriented(header.size, header);
}

Result<> decode_image(BytesView bytes, const DecodeOptions& options, std::uint8_t* out) {
  return ImageDecoder(options).decode(bytes, out);
}

Result<Image> decode_image(BytesView bytes, const DecodeOptions& options) {
  return ImageDecoder(options).decode(bytes);
}

Result<> resize_image(const std::uint8_t* in, Size from, int channels, std::uint8_t* out, Size to, Resample resample) {
  return ImageResizer(resample).resize(in, from, channels, out, to);
}

Result<Resample> to_resample(std::string_view name) {
  if (name == "bilinear") return Resample::bilinear;
  if (name == "bicubic") return Resample::bicubic;
  if (name == "area") return Resample::area;
  return Error(Code::invalid, "resample must be bilinear, bicubic or area, not '" + std::string(name) + "'");
}

Result<std::array<std::uint8_t, 3>> to_color(std::string_view name) {
  using Color = std::array<std::uint8_t, 3>;
  if (name == "white") return Color{255, 255, 255};
  if (name == "black") return Color{0, 0, 0};
  std::uint32_t value = 0;
  const auto* end = name.data() + name.size();
  const bool hexadecimal = name.size() == 7 && name[0] == '#';
  if (!hexadecimal || std::from_chars(name.data() + 1, end, value, 16).ptr != end) {
    return Error(Code::invalid, "a colour is white, black or #rrggbb, not '" + std::string(name) + "'");
  }
  return Color{
      static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

}  // namespace klein
