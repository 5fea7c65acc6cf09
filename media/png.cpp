#include "media/png.h"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>
#include <string>

namespace klein {
namespace {

/// One picture's way through libpng, which fails by a function that does not return: it jumps to `jump_`.
class Reading {
 public:
  explicit Reading(BytesView bytes) : left_(bytes) {}
  ~Reading() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  /// The header, and what is to become of the pixels: RGB, or RGBA where some may be transparent.
  Result<> start() {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, fail, ignore);
    info_ = png_ != nullptr ? png_create_info_struct(png_) : nullptr;
    if (info_ == nullptr) return Error(Code::resource, "there is not enough memory to decode the PNG file");
    if (!run([this] { read_info(); })) return failure();
    return {};
  }
  bool transparent() const { return png_get_channels(png_, info_) == 4; }
  Size size() const {
    return {static_cast<int>(png_get_image_height(png_, info_)), static_cast<int>(png_get_image_width(png_, info_))};
  }
  Result<> read(std::uint8_t* out, std::vector<png_bytep>& rows) {
    const std::size_t stride = png_get_rowbytes(png_, info_);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = out + i * stride;
    const bool done = run([this, &rows] {
      png_read_image(png_, rows.data());
      png_read_end(png_, nullptr);
    });
    if (!done) return failure();
    return {};
  }

 private:
  template <typename Step>
  bool run(Step step) {
    if (setjmp(jump_) != 0) return false;
    step();
    return true;
  }
  void read_info() {
    png_set_read_fn(png_, this, supply);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
    png_read_info(png_, info_);
    const bool alpha =
        (png_get_color_type(png_, info_) & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png_, info_, PNG_INFO_tRNS) != 0;
    png_set_scale_16(png_);
    png_set_expand(png_);
    png_set_gray_to_rgb(png_);
    if (!alpha) png_set_strip_alpha(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }
  static void supply(png_structp png, png_bytep to, std::size_t count) {
    auto* self = static_cast<Reading*>(png_get_io_ptr(png));
    if (self->left_.size() < count) {
      self->truncated_ = true;
      png_error(png, "end of file");
    }
    std::memcpy(to, self->left_.data(), count);
    self->left_.remove_prefix(count);
  }
  [[noreturn]] static void fail(png_structp png, png_const_charp message) {
    auto* self = static_cast<Reading*>(png_get_error_ptr(png));
    std::strncpy(self->message_.data(), message, self->message_.size() - 1);
    std::longjmp(self->jump_, 1);
  }
  static void ignore(png_structp, png_const_charp) {}
  Error failure() const {
    if (truncated_) return Error(Code::corrupt, "the PNG file is truncated: it ends before its picture does");
    return Error(Code::corrupt, "the PNG file is damaged: " + std::string(message_.data()));
  }

  BytesView left_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf jump_;
  std::array<char, 160> message_ = {};
  bool truncated_ = false;
};

}  // namespace

Result<> decode_png(BytesView bytes, Size size, const std::array<std::uint8_t, 3>& background,
                    std::vector<std::uint8_t>& scratch, std::uint8_t* out) {
  Reading reading(bytes);
  KLEIN_TRY(reading.start());
  if (reading.size() != size) return Error(Code::corrupt, "the PNG file says two different sizes");
  std::vector<png_bytep> rows(static_cast<std::size_t>(size.height));
  if (!reading.transparent()) return reading.read(out, rows);
  scratch.resize(static_cast<std::size_t>(size.pixels()) * 4);
  KLEIN_TRY(reading.read(scratch.data(), rows));
  composite(scratch.data(), size.pixels(), background, out);
  return {};
}

void composite(const std::uint8_t* in, std::int64_t pixels, const std::array<std::uint8_t, 3>& background,
               std::uint8_t* out) {
  for (std::int64_t i = 0; i < pixels; ++i, in += 4, out += 3) {
    const int alpha = in[3];
    for (int channel = 0; channel < 3; ++channel) {
      out[channel] = static_cast<std::uint8_t>((in[channel] * alpha + background[channel] * (255 - alpha) + 127) / 255);
    }
  }
}

}  // namespace klein
