#include "media/image.h"

#include "media/pictures_test.h"

namespace klein {
namespace {

using test::difference;
using test::draw;
using test::JpegOptions;

constexpr Size odd{75, 101};

Image decoded(const std::string& bytes, DecodeOptions options = {}) {
  auto image = decode_image(bytes, options);
  EXPECT_TRUE(image.ok()) << (image.ok() ? "" : image.error().text());
  return image.ok() ? *image : Image{};
}

Image resized(const Image& image, Size to, Resample resample = Resample::bilinear) {
  Image result{.size = to, .pixels = std::vector<std::uint8_t>(static_cast<std::size_t>(to.pixels()) * 3)};
  EXPECT_TRUE(resize_image(image.pixels.data(), image.size, 3, result.pixels.data(), to, resample).ok());
  return result;
}

TEST(Jpeg, IsDecodedAtItsOwnSize) {
  const auto image = decoded(test::jpeg(draw(odd)));
  EXPECT_EQ(image.size, odd);
  EXPECT_LT(difference(image.pixels, draw(odd).pixels).mean, 2);
}

TEST(Jpeg, OfEveryChromaGridIsResizedAsIfDecodedFirst) {
  for (const auto resample : {Resample::bilinear, Resample::bicubic, Resample::area}) {
    for (const auto& [across, down] : {std::pair{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}}) {
      for (const Size to : {Size{60, 70}, Size{75, 100}, Size{90, 60}, Size{160, 170}}) {
        const auto bytes = test::jpeg(draw(odd), {.across = across, .down = down});
        const auto whole = decoded(bytes);
        const auto image = decoded(bytes, {.size = to, .resample = resample});
        EXPECT_EQ(image.size, to);
        EXPECT_LT(difference(image.pixels, resized(whole, to, resample).pixels).mean, 1)
            << across << "x" << down << " to " << to.height << "x" << to.width;
      }
    }
  }
}

TEST(Jpeg, DecodedAtAFractionOfItsSizeStaysCloseToTheWholeOne) {
  const auto picture = draw({403, 611});
  for (const Size to : {Size{201, 305}, Size{150, 150}, Size{90, 150}, Size{51, 77}, Size{40, 30}, Size{3, 2}}) {
    for (const auto options : {JpegOptions{}, JpegOptions{.across = 2, .down = 1}, JpegOptions{.progressive = true},
                               JpegOptions{.space = JCS_GRAYSCALE}, JpegOptions{.space = JCS_CMYK}}) {
      const auto bytes = test::jpeg(picture, options);
      const auto image = decoded(bytes, {.size = to});
      EXPECT_LT(difference(image.pixels, resized(decoded(bytes), to).pixels).mean, 3) << to.height << "x" << to.width;
    }
  }
}

TEST(Jpeg, ProgressiveIsTheSamePicture) {
  const auto plain = test::jpeg(draw(odd)), progressive = test::jpeg(draw(odd), {.progressive = true});
  EXPECT_EQ(difference(decoded(plain).pixels, decoded(progressive).pixels).most, 0);
}

TEST(Jpeg, GreyBecomesRgb) {
  const auto image = decoded(test::jpeg(draw(odd), {.space = JCS_GRAYSCALE}), {.size = Size{50, 60}});
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    ASSERT_EQ(image.pixels[i], image.pixels[i + 1]);
    ASSERT_EQ(image.pixels[i], image.pixels[i + 2]);
  }
}

TEST(Jpeg, OfInksOrOfRgbHasTheSameColours) {
  for (const auto space : {JCS_CMYK, JCS_YCCK, JCS_RGB}) {
    const auto bytes = test::jpeg(draw(odd), {.space = space});
    EXPECT_LT(difference(decoded(bytes).pixels, draw(odd).pixels).mean, 4) << space;
    EXPECT_LT(difference(decoded(bytes, {.size = Size{40, 50}}).pixels, resized(draw(odd), {40, 50}).pixels).mean, 4);
  }
}

/// Where the pixel that one sees at (row, column) of a picture of `size` is stored, by EXIF's definition.
std::pair<int, int> stored_at(int orientation, Size size, int row, int column) {
  const int bottom = size.height - 1 - row, right = size.width - 1 - column;
  switch (orientation) {
    case 2: return {row, right};
    case 3: return {bottom, right};
    case 4: return {bottom, column};
    case 5: return {column, row};
    case 6: return {right, row};
    case 7: return {right, bottom};
    case 8: return {column, bottom};
    default: return {row, column};
  }
}

Image stored(const Image& seen, int orientation) {
  const bool swapped = orientation >= 5;
  Image image{.size = swapped ? Size{seen.size.width, seen.size.height} : seen.size, .pixels = seen.pixels};
  for (int row = 0; row < seen.size.height; ++row) {
    for (int column = 0; column < seen.size.width; ++column) {
      const auto [to_row, to_column] = stored_at(orientation, seen.size, row, column);
      std::copy_n(seen.pixels.data() + 3 * (row * seen.size.width + column), 3,
                  image.pixels.data() + 3 * (to_row * image.size.width + to_column));
    }
  }
  return image;
}

TEST(Jpeg, IsTurnedAsExifSays) {
  const auto seen = draw(odd);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {true, false}) {
      const auto bytes = test::jpeg(stored(seen, orientation), {.orientation = orientation, .big_endian = big_endian});
      ASSERT_EQ(*image_size(bytes), odd) << orientation;
      const auto image = decoded(bytes);
      EXPECT_EQ(image.size, odd);
      EXPECT_LT(difference(image.pixels, seen.pixels).mean, 2) << orientation;
      const auto small = decoded(bytes, {.size = Size{30, 70}});
      EXPECT_LT(difference(small.pixels, resized(seen, {30, 70}).pixels).mean, 2) << orientation;
    }
  }
}

TEST(Jpeg, CutAnywhereIsRefused) {
  for (const bool progressive : {false, true}) {
    const auto bytes = test::jpeg(draw(odd), {.progressive = progressive});
    ImageDecoder decoder({.size = Size{32, 32}});
    for (std::size_t length = 0; length < bytes.size() - 2; length += 1 + length / 16) {
      const auto image = decoder.decode(BytesView(bytes).substr(0, length));
      ASSERT_FALSE(image.ok()) << length << " of " << bytes.size();
      EXPECT_EQ(image.error().code(), Code::corrupt);
    }
    EXPECT_NE(decoder.decode(BytesView(bytes).substr(0, bytes.size() / 2)).error().message().find("truncated"),
              std::string::npos);
    EXPECT_TRUE(decoder.decode(BytesView(bytes)).ok()) << "a bad picture leaves the decoder as it was";
  }
}

TEST(Jpeg, WithStrayBytesBetweenSegmentsIsRead) {
  auto bytes = test::jpeg(draw(odd));
  const auto whole = decoded(bytes);
  bytes.insert(20, "stray");  // after JFIF's segment
  EXPECT_EQ(difference(decoded(bytes).pixels, whole.pixels).most, 0);
  EXPECT_EQ(*image_size(bytes), odd);
}

TEST(Jpeg, WithDamagedDataIsRefused) {
  auto bytes = test::jpeg(draw({200, 200}));
  bytes.replace(bytes.size() / 2, 6, "\xFF\xD9\xFF\xD9\xFF\xD9");  // an end in the middle
  const auto image = decode_image(bytes);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().code(), Code::corrupt);
}

TEST(Picture, LargerThanTheLimitIsRefusedByItsHeader) {
  auto bytes = test::jpeg(draw(odd));
  const auto frame = bytes.find("\xFF\xC0");
  bytes.replace(frame + 5, 4, "\xFF\x00\xFF\x00", 4);
  for (const auto code : {decode_image(bytes).error().code(), image_size(bytes).error().code()}) {
    EXPECT_EQ(code, Code::resource);
  }
}

TEST(Picture, OfAnotherFormatIsRefusedWithItsFirstBytes) {
  for (const std::string bytes : {"", "\xFF", "GIF89a", "not a picture at all", "RIFF\1\1\1\1WEB"}) {
    const auto image = decode_image(bytes);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.error().code(), Code::corrupt);
  }
  EXPECT_NE(decode_image("GIF89a").error().message().find("47 49 46 38"), std::string::npos);
}

TEST(Picture, FillsExactlyTheBytesOfItsSize) {
  for (const Size to : {Size{1, 1}, Size{7, 5}, Size{33, 31}, Size{150, 9}}) {
    for (const auto& bytes : {test::jpeg(draw(odd)), test::png(odd, draw(odd).pixels)}) {
      const auto count = static_cast<std::size_t>(to.pixels()) * 3;
      std::vector<std::uint8_t> out(count + 64, 0xA5);
      ASSERT_TRUE(decode_image(bytes, {.size = to}, out.data()).ok());
      for (std::size_t i = count; i < out.size(); ++i) ASSERT_EQ(out[i], 0xA5);
    }
  }
}

std::vector<std::uint8_t> with_alpha(const Image& image) {
  std::vector<std::uint8_t> rgba;
  for (std::size_t i = 0; i < image.pixels.size() / 3; ++i) {
    rgba.insert(rgba.end(), image.pixels.data() + 3 * i, image.pixels.data() + 3 * i + 3);
    rgba.push_back(static_cast<std::uint8_t>(i % 256));
  }
  return rgba;
}

TEST(Transparency, ShowsTheBackground) {
  const auto image = draw(odd);
  const auto rgba = with_alpha(image);
  for (const auto& bytes : {test::png(odd, rgba, {.color_type = PNG_COLOR_TYPE_RGBA}), test::webp(odd, rgba)}) {
    const auto over = decoded(bytes, {.background = {10, 200, 30}});
    EXPECT_EQ(over.size, odd);
    for (std::size_t i = 0; i < rgba.size() / 4; ++i) {
      const double alpha = rgba[4 * i + 3] / 255.0;
      if (alpha == 0) {
        ASSERT_EQ(over.pixels[3 * i + 1], 200);
      }
      ASSERT_NEAR(over.pixels[3 * i], rgba[4 * i] * alpha + 10 * (1 - alpha), 0.51);
    }
  }
}

TEST(Png, OfEveryKindIsRgb) {
  const Size size{2, 3};
  const std::vector<std::uint8_t> grey = {0, 128, 255, 10, 20, 30};
  std::vector<std::uint8_t> expected;
  for (const auto value : grey) expected.insert(expected.end(), 3, value);
  std::vector<std::uint8_t> wide;
  for (const auto value : grey) wide.insert(wide.end(), 2, value);
  std::vector<png_color> palette;
  for (const auto value : grey) palette.push_back({value, value, value});
  using test::png;
  EXPECT_EQ(decoded(png(size, grey, {.color_type = PNG_COLOR_TYPE_GRAY})).pixels, expected);
  EXPECT_EQ(decoded(png(size, wide, {.color_type = PNG_COLOR_TYPE_GRAY, .depth = 16})).pixels, expected);
  EXPECT_EQ(decoded(png(size, expected, {.interlaced = true})).pixels, expected);
  EXPECT_EQ(decoded(png(size, {0, 1, 2, 3, 4, 5}, {.color_type = PNG_COLOR_TYPE_PALETTE, .palette = palette})).pixels,
            expected);
  EXPECT_EQ(*image_size(png(size, expected)), size);
}

TEST(PngAndWebp, CutAnywhereAreRefused) {
  const auto rgba = with_alpha(draw(odd));
  for (const auto& bytes : {test::png(odd, draw(odd).pixels), test::webp(odd, rgba)}) {
    for (std::size_t length = 0; length + 1 < bytes.size(); length += 1 + length / 16) {
      const auto image = decode_image(BytesView(bytes).substr(0, length));
      ASSERT_FALSE(image.ok()) << length << " of " << bytes.size();
      EXPECT_EQ(image.error().code(), Code::corrupt);
    }
  }
}

TEST(Names, OfFiltersAndColours) {
  EXPECT_EQ(*to_resample("area"), Resample::area);
  EXPECT_FALSE(to_resample("lanczos").ok());
  EXPECT_EQ(*to_color("#0a1Bff"), (std::array<std::uint8_t, 3>{10, 27, 255}));
  for (const auto* name : {"", "#12345", "#12345g", "mauve", "#-12345"}) EXPECT_FALSE(to_color(name).ok()) << name;
}

}  // namespace
}  // namespace klein
