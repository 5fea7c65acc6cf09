#include "media/jpeg.h"

#include <jerror.h>

#include <algorithm>

namespace klein {
namespace {

constexpr int max_scans = 500;  // a progressive file of a few kilobytes can ask for thousands of passes

/// Buffers that one large picture needed are not kept for the small ones after it.
constexpr std::size_t kept_bytes = 32 << 20;

void drop_if_large(std::vector<std::uint8_t>& buffer) {
  if (buffer.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(buffer);
}

/// How a component's samples along one axis stand for the picture's; a factor of 0 where that is no whole number. Those
/// of a scaled decode are means of what was there, so each is repeated.
Axis axis_of(int most_samples, int samples, int scaled, JDIMENSION component_size, JDIMENSION size, int to) {
  const int fine = most_samples * DCTSIZE, coarse = samples * scaled;
  const int factor = coarse > 0 && fine % coarse == 0 ? fine / coarse : 0;
  return {.samples = static_cast<int>(component_size),
          .factor = factor,
          .from = static_cast<int>(size),
          .to = to,
          .smooth = factor == 2 && scaled == DCTSIZE};
}

struct Axes {
  Axis down, across;
};
Axes axes_of(const jpeg_decompress_struct& decoder, const jpeg_component_info& info, Size to) {
  Axes axes{.down = axis_of(decoder.max_v_samp_factor, info.v_samp_factor, info.DCT_scaled_size,
                            info.downsampled_height, decoder.image_height, to.height),
            .across = axis_of(decoder.max_h_samp_factor, info.h_samp_factor, info.DCT_scaled_size,
                              info.downsampled_width, decoder.image_width, to.width)};
  // libjpeg blends neighbours only on grids that are at most twice as coarse both ways.
  if (axes.down.factor > 2 || axes.across.factor > 2) axes.down.smooth = axes.across.smooth = false;
  return axes;
}

/// Inks, inverted as everybody stores them since Adobe did.
void inks_to_rgb(std::uint8_t* inks, std::int64_t pixels, std::uint8_t* out) {
  for (std::int64_t i = 0; i < pixels; ++i, inks += 4, out += 3) {
    for (int channel = 0; channel < 3; ++channel) {
      out[channel] = static_cast<std::uint8_t>((inks[channel] * inks[3] + 127) / 255);
    }
  }
}

}  // namespace

JpegDecoder::JpegDecoder() {
  decoder_.err = jpeg_std_error(&errors_.manager);
  errors_.manager.error_exit = fail;
  errors_.manager.emit_message = warn;
  // Fails only where the library is another version than the header: then nothing could work.
  KLEIN_ASSERT(run([this] { jpeg_create_decompress(&decoder_); }));
  progress_.manager.progress_monitor = watch;
}

JpegDecoder::~JpegDecoder() { jpeg_destroy_decompress(&decoder_); }

template <typename Step>
bool JpegDecoder::run(Step step) {
  if (setjmp(errors_.jump) != 0) return false;
  step();
  return true;
}

void JpegDecoder::fail(j_common_ptr decoder) {
  auto* errors = reinterpret_cast<Errors*>(decoder->err);
  errors->out_of_memory = errors->manager.msg_code == JERR_OUT_OF_MEMORY;
  errors->manager.format_message(decoder, errors->message.data());
  std::longjmp(errors->jump, 1);
}

void JpegDecoder::warn(j_common_ptr decoder, int level) {
  // Where libjpeg warns of lost data it goes on with grey: a picture that no one took. Stray bytes lose nothing.
  const int code = decoder->err->msg_code;
  const bool harmless =
      code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR || code == JWRN_TOO_MUCH_DATA;
  if (level < 0 && !harmless) fail(decoder);
}

void JpegDecoder::watch(j_common_ptr decoder) {
  const auto* decompress = reinterpret_cast<j_decompress_ptr>(decoder);
  if (decompress->input_scan_number <= max_scans) return;
  auto* errors = reinterpret_cast<Errors*>(decoder->err);
  errors->manager.msg_code = 0;
  errors->out_of_memory = false;
  std::snprintf(errors->message.data(), errors->message.size(), "it has more than %d scans", max_scans);
  std::longjmp(errors->jump, 1);
}

Error JpegDecoder::failure() const {
  const int code = errors_.manager.msg_code;
  if (errors_.out_of_memory) return Error(Code::resource, "there is not enough memory to decode the JPEG file");
  if (code == JWRN_JPEG_EOF || code == JERR_INPUT_EOF || code == JERR_INPUT_EMPTY) {
    return Error(Code::corrupt, "the JPEG file is truncated: it ends before its picture does");
  }
  return Error(Code::corrupt, "the JPEG file is damaged: " + std::string(errors_.message.data()));
}

Result<> JpegDecoder::decode(BytesView bytes, Size size, Size to, Resample resample, std::uint8_t* out) {
  auto result = start(bytes, size);
  if (result.ok()) {
    const bool planes = to != size && has_planes();
    result = planes ? decode_planes(to, resample, out) : decode_pixels(size, to, resample, out);
  }
  jpeg_abort_decompress(&decoder_);
  for (auto& plane : planes_) drop_if_large(plane);
  drop_if_large(pixels_);
  drop_if_large(scratch_);
  return result;
}

Result<> JpegDecoder::start(BytesView bytes, Size size) {
  const bool read = run([this, bytes] {
    jpeg_mem_src(&decoder_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&decoder_, TRUE);
  });
  if (!read) return failure();
  if (Size{static_cast<int>(decoder_.image_height), static_cast<int>(decoder_.image_width)} != size) {
    return Error(Code::corrupt, "the JPEG file says two different sizes");
  }
  decoder_.dct_method = JDCT_ISLOW;
  decoder_.progress = &progress_.manager;
  return {};
}

void JpegDecoder::scale_towards(Size to) {
  // Other eighths than these have no vector code: they cost more than the smaller picture saves.
  decoder_.scale_denom = 8;
  for (const unsigned eighths : {1U, 2U, 4U, 8U}) {
    decoder_.scale_num = eighths;
    const auto scaled = [eighths](JDIMENSION size) { return static_cast<int>((size * eighths + 7) / 8); };
    if (scaled(decoder_.image_height) >= to.height && scaled(decoder_.image_width) >= to.width) break;
  }
}

bool JpegDecoder::has_planes() const {
  const auto space = decoder_.jpeg_color_space;
  return (space == JCS_YCbCr && decoder_.num_components == 3) ||
         (space == JCS_GRAYSCALE && decoder_.num_components == 1);
}

Result<> JpegDecoder::decode_planes(Size to, Resample resample, std::uint8_t* out) {
  scale_towards(to);
  decoder_.raw_data_out = TRUE;
  decoder_.out_color_space = decoder_.jpeg_color_space;
  if (!run([this] { jpeg_start_decompress(&decoder_); })) return failure();
  KLEIN_TRY(read_planes());
  struct Component {
    Plane plane;
    const Taps* down;
    const Taps* across;
  };
  std::array<Component, 3> components;
  const int count = decoder_.num_components;
  for (int i = 0; i < count; ++i) {
    const auto& info = decoder_.comp_info[i];
    const auto [down, across] = axes_of(decoder_, info, to);
    if (down.factor == 0 || across.factor == 0) {
      return Error(Code::corrupt, "the JPEG file's components have sizes that do not divide each other");
    }
    components[i] = {{planes_[i].data(), strides_[i]}, &taps_.get(down, resample), &taps_.get(across, resample)};
    rows_[i].resize(static_cast<std::size_t>(to.width));
  }
  for (int row = 0; row < to.height; ++row, out += std::ptrdiff_t{to.width} * 3) {
    for (int i = 0; i < count; ++i) {
      const auto& [plane, down, across] = components[i];
      resize_plane_row(plane, *down, *across, row, scratch_, rows_[i].data());
    }
    if (count == 3) {
      kernels().to_rgb(rows_[0].data(), rows_[1].data(), rows_[2].data(), to.width, out);
    } else {
      for (int x = 0; x < to.width; ++x) std::fill_n(out + 3 * x, 3, rows_[0][x]);
    }
  }
  return {};
}

Result<> JpegDecoder::read_planes() {
  std::array<JSAMPARRAY, 3> arrays;
  std::array<int, 3> heights;  // rows that one call gives
  std::size_t rows = 0;
  for (int i = 0; i < decoder_.num_components; ++i) {
    const auto& info = decoder_.comp_info[i];
    heights[i] = info.v_samp_factor * info.DCT_scaled_size;
    rows += static_cast<std::size_t>(heights[i]);
    // A row has whole blocks; kernels read some way past its end.
    strides_[i] = static_cast<std::ptrdiff_t>(info.width_in_blocks + info.h_samp_factor) * info.DCT_scaled_size;
    const std::size_t size = static_cast<std::size_t>(strides_[i]) * decoder_.total_iMCU_rows * heights[i];
    const std::size_t after = static_cast<std::size_t>(strides_[i]) + 4096;
    if (planes_[i].size() < size + after) planes_[i].resize(size + after);
  }
  row_pointers_.resize(rows);
  JSAMPROW* pointers = row_pointers_.data();
  for (int i = 0; i < decoder_.num_components; pointers += heights[i++]) arrays[i] = pointers;
  const JDIMENSION lines = decoder_.max_v_samp_factor * decoder_.min_DCT_scaled_size;
  const bool read = run([this, &arrays, &heights, lines] {
    for (std::ptrdiff_t step = 0; decoder_.output_scanline < decoder_.output_height; ++step) {
      for (int i = 0; i < decoder_.num_components; ++i) {
        std::uint8_t* first = planes_[i].data() + step * heights[i] * strides_[i];
        for (int row = 0; row < heights[i]; ++row) arrays[i][row] = first + row * strides_[i];
      }
      jpeg_read_raw_data(&decoder_, arrays.data(), lines);
    }
  });
  if (!read) return failure();
  return {};
}

Result<> JpegDecoder::decode_pixels(Size size, Size to, Resample resample, std::uint8_t* out) {
  const bool inks = decoder_.jpeg_color_space == JCS_CMYK || decoder_.jpeg_color_space == JCS_YCCK;
  decoder_.out_color_space = inks ? JCS_CMYK : JCS_RGB;
  if (!run([this] { jpeg_start_decompress(&decoder_); })) return failure();
  if (size == to && !inks) return read_pixels(out);
  pixels_.resize(static_cast<std::size_t>(size.pixels()) * (inks ? 4 : 3));
  KLEIN_TRY(read_pixels(pixels_.data()));
  if (inks) inks_to_rgb(pixels_.data(), size.pixels(), size == to ? out : pixels_.data());
  if (size == to) return {};
  const Taps& down = taps_.get({.samples = size.height, .from = size.height, .to = to.height}, resample);
  const Taps& across = taps_.get({.samples = size.width, .from = size.width, .to = to.width}, resample);
  resize_pixels(pixels_.data(), 3, down, across, resample == Resample::bicubic, scratch_, out);
  return {};
}

Result<> JpegDecoder::read_pixels(std::uint8_t* out) {
  const bool read = run([this, out] {
    const std::ptrdiff_t stride = std::ptrdiff_t{decoder_.output_width} * decoder_.output_components;
    while (decoder_.output_scanline < decoder_.output_height) {
      std::array<JSAMPROW, 16> rows;
      const JDIMENSION left = decoder_.output_height - decoder_.output_scanline;
      const auto count = std::min<JDIMENSION>(rows.size(), left);
      for (JDIMENSION i = 0; i < count; ++i) rows[i] = out + (decoder_.output_scanline + i) * stride;
      jpeg_read_scanlines(&decoder_, rows.data(), count);
    }
  });
  if (!read) return failure();
  return {};
}

}  // namespace klein
