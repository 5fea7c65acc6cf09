#pragma once
// Pictures that tests make: drawn from a formula, and encoded by the formats' own libraries.

#include <gtest/gtest.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>
#include <cstdio>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "media/image.h"

namespace klein::test {

/// Smooth, coloured, and different under every turn and reflection.
inline Image draw(Size size) {
  Image image{.size = size, .pixels = {}};
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const int right = 255 * x / size.width, down = 255 * y / size.height;
      const auto wave = static_cast<int>(40 * std::sin(x * 0.2) * std::cos(y * 0.13));
      for (const int value : {right, down, 128 + wave + (x < size.width / 4 && y < size.height / 4 ? 60 : 0)}) {
        image.pixels.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return image;
}

struct Difference {
  double mean = 0;
  int most = 0;
};
inline Difference difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  EXPECT_EQ(a.size(), b.size());
  Difference result;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const int apart = std::abs(a[i] - b[i]);
    result.mean += apart / static_cast<double>(a.size());
    result.most = std::max(result.most, apart);
  }
  return result;
}

struct JpegOptions {
  int across = 2, down = 2;  // how much coarser chroma is
  bool progressive = false;
  J_COLOR_SPACE space = JCS_YCbCr;
  int orientation = 0;  // 0: no EXIF
  bool big_endian = true;
};

inline std::string exif(int orientation, bool big_endian) {
  const auto value = static_cast<char>(orientation);
  using namespace std::string_literals;
  const std::string entry = big_endian ? "MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0"s + value + "\0\0\0\0\0\0"s
                                       : "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0"s + value + "\0\0\0\0\0\0\0"s;
  return "Exif\0\0"s + entry;
}

/// Inks as files have them: inverted, with all of the black in K.
inline std::vector<std::uint8_t> inks(const Image& image) {
  std::vector<std::uint8_t> result;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    const auto* rgb = image.pixels.data() + i;
    const int black = std::max({1, int{rgb[0]}, int{rgb[1]}, int{rgb[2]}});
    for (int channel = 0; channel < 3; ++channel) {
      result.push_back(static_cast<std::uint8_t>(std::min(255, rgb[channel] * 255 / black)));
    }
    result.push_back(static_cast<std::uint8_t>(black));
  }
  return result;
}

inline std::string jpeg(const Image& image, JpegOptions options = {}) {
  jpeg_compress_struct encoder;
  jpeg_error_mgr errors;
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* bytes = nullptr;
  unsigned long count = 0;
  jpeg_mem_dest(&encoder, &bytes, &count);
  const bool four = options.space == JCS_CMYK || options.space == JCS_YCCK;
  encoder.image_width = static_cast<JDIMENSION>(image.size.width);
  encoder.image_height = static_cast<JDIMENSION>(image.size.height);
  encoder.input_components = four ? 4 : 3;
  encoder.in_color_space = four ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_colorspace(&encoder, options.space);
  jpeg_set_quality(&encoder, 95, TRUE);
  if (options.progressive) jpeg_simple_progression(&encoder);
  encoder.comp_info[0].h_samp_factor = options.space == JCS_YCbCr ? options.across : 1;
  encoder.comp_info[0].v_samp_factor = options.space == JCS_YCbCr ? options.down : 1;
  jpeg_start_compress(&encoder, TRUE);
  if (options.orientation > 0) {
    const auto segment = exif(options.orientation, options.big_endian);
    jpeg_write_marker(&encoder, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(segment.data()),
                      static_cast<unsigned>(segment.size()));
  }
  auto pixels = four ? inks(image) : image.pixels;
  while (encoder.next_scanline < encoder.image_height) {
    JSAMPROW row = pixels.data() + std::size_t{encoder.next_scanline} * encoder.image_width * (four ? 4 : 3);
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  std::string result(reinterpret_cast<const char*>(bytes), count);
  jpeg_destroy_compress(&encoder);
  std::free(bytes);
  return result;
}

struct PngOptions {
  int color_type = PNG_COLOR_TYPE_RGB, depth = 8;
  bool interlaced = false;
  std::vector<png_color> palette = {};
};

/// `pixels`: rows as PNG has them (16 bits: big-endian).
inline std::string png(Size size, std::vector<std::uint8_t> pixels, const PngOptions& options = {}) {
  std::string result;
  png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(writer);
  png_set_write_fn(
      writer, &result,
      [](png_structp self, png_bytep data, std::size_t count) {
        static_cast<std::string*>(png_get_io_ptr(self))->append(reinterpret_cast<const char*>(data), count);
      },
      [](png_structp) {});
  png_set_IHDR(writer, info, static_cast<png_uint_32>(size.width), static_cast<png_uint_32>(size.height), options.depth,
               options.color_type, options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
  if (!options.palette.empty()) {
    png_set_PLTE(writer, info, options.palette.data(), static_cast<int>(options.palette.size()));
  }
  const std::size_t stride = pixels.size() / static_cast<std::size_t>(size.height);
  std::vector<png_bytep> rows;
  for (int row = 0; row < size.height; ++row) rows.push_back(pixels.data() + row * stride);
  png_set_rows(writer, info, rows.data());
  png_write_png(writer, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&writer, &info);
  return result;
}

inline std::string webp(Size size, const std::vector<std::uint8_t>& rgba) {
  std::uint8_t* bytes = nullptr;
  const std::size_t count = WebPEncodeLosslessRGBA(rgba.data(), size.width, size.height, size.width * 4, &bytes);
  std::string result(reinterpret_cast<const char*>(bytes), count);
  WebPFree(bytes);
  return result;
}

}  // namespace klein::test
