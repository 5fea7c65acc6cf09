#include "media/resize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace klein {
namespace {

constexpr Resample filters[] = {Resample::bilinear, Resample::bicubic, Resample::area};

double weight(Resample resample, double x) {
  if (resample == Resample::area) return x > -0.5 && x <= 0.5 ? 1 : 0;
  x = std::abs(x);
  switch (resample) {
    case Resample::bilinear: return std::max(0.0, 1 - x);
    default: return x < 1 ? 1.5 * x * x * x - 2.5 * x * x + 1 : x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
  }
}

/// One line resized by the definition: every input sample, weighted by the filter around the output's centre.
std::vector<double> resized_by_definition(const std::vector<double>& in, int to, Resample resample) {
  std::vector<double> out;
  const double scale = static_cast<double>(in.size()) / to, widening = std::max(1.0, scale);
  for (int i = 0; i < to; ++i) {
    double sum = 0, total = 0;
    for (std::size_t k = 0; k < in.size(); ++k) {
      const double w = weight(resample, (static_cast<double>(k) + 0.5 - (i + 0.5) * scale) / widening);
      sum += w * in[k];
      total += w;
    }
    out.push_back(std::round(std::clamp(sum / total, 0.0, 255.0)));
  }
  return out;
}

std::vector<std::uint8_t> noise(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return bytes;
}

std::vector<double> column(const std::vector<std::uint8_t>& pixels, std::size_t first, std::size_t step,
                           std::size_t count) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(pixels[first + i * step]);
  return values;
}

TEST(Resize, OfALineFollowsTheFiltersDefinition) {
  for (const auto resample : filters) {
    for (const auto& [from, to] :
         {std::pair{500, 224}, {224, 500}, {64, 63}, {65, 64}, {9, 3}, {1, 7}, {3000, 8}, {40, 1}}) {
      for (int channels = 1; channels <= 4; ++channels) {
        const auto in = noise(static_cast<std::size_t>(from * channels), 7);
        std::vector<std::uint8_t> across(static_cast<std::size_t>(to * channels)), down(across.size());
        ASSERT_TRUE(resize_image(in.data(), {1, from}, channels, across.data(), {1, to}, resample).ok());
        ASSERT_TRUE(resize_image(in.data(), {from, 1}, channels, down.data(), {to, 1}, resample).ok());
        for (int channel = 0; channel < channels; ++channel) {
          const auto at = static_cast<std::size_t>(channel), step = static_cast<std::size_t>(channels);
          const auto expected =
              resized_by_definition(column(in, at, step, static_cast<std::size_t>(from)), to, resample);
          for (std::size_t i = 0; i < expected.size(); ++i) {
            ASSERT_NEAR(across[at + i * step], expected[i], 1) << from << " to " << to << " at " << i;
            ASSERT_NEAR(down[at + i * step], expected[i], 1) << from << " to " << to << " at " << i;
          }
        }
      }
    }
  }
}

TEST(Resize, KeepsAnEvenColour) {
  for (const auto resample : filters) {
    for (const Size to : {Size{224, 224}, Size{7, 1000}, Size{1, 1}, Size{401, 299}}) {
      const std::vector<std::uint8_t> in(300 * 400 * 3, 201);
      std::vector<std::uint8_t> out(static_cast<std::size_t>(to.pixels()) * 3);
      ASSERT_TRUE(resize_image(in.data(), {300, 400}, 3, out.data(), to, resample).ok());
      for (const auto value : out) ASSERT_EQ(value, 201);
    }
  }
}

TEST(Resize, ToTheSameSizeCopies) {
  const auto in = noise(13 * 17 * 3, 3);
  std::vector<std::uint8_t> out(in.size());
  ASSERT_TRUE(resize_image(in.data(), {13, 17}, 3, out.data(), {13, 17}, Resample::bicubic).ok());
  EXPECT_EQ(in, out);
}

TEST(Resize, OfNothingIsRefused) {
  std::uint8_t pixel[4] = {};
  for (const Size size : {Size{0, 1}, Size{1, 0}, Size{-1, 1}}) {
    EXPECT_EQ(resize_image(pixel, size, 3, pixel, {1, 1}, Resample::area).error().code(), Code::invalid);
    EXPECT_EQ(resize_image(pixel, {1, 1}, 3, pixel, size, Resample::area).error().code(), Code::invalid);
  }
  EXPECT_EQ(resize_image(pixel, {1, 1}, 5, pixel, {1, 2}, Resample::area).error().code(), Code::invalid);
}

TEST(Kernels, GiveTheSameBytesOnEveryMachine) {
  const auto* fast = avx2_kernels();
  if (fast == nullptr) GTEST_SKIP() << "this machine has no AVX2";
  for (const auto resample : filters) {
    for (const auto& [from, to] : {std::pair{500, 224}, {100, 224}, {700, 30}, {5, 3}, {64, 65}}) {
      const auto taps = make_taps({.samples = from, .from = from, .to = to}, resample);
      for (int channels = 1; channels <= 4; ++channels) {
        const auto in = noise(static_cast<std::size_t>(from * channels + slack(taps, channels)), 11);
        std::vector<std::uint8_t> a(static_cast<std::size_t>(to * channels)), b(a.size());
        portable_kernels().resize_row[channels - 1](in.data(), taps, a.data());
        fast->resize_row[channels - 1](in.data(), taps, b.data());
        EXPECT_EQ(a, b) << from << " to " << to << ", " << channels << " channels";
      }
      for (const int width : {1, 31, 32, 33, 300}) {
        const auto in = noise(static_cast<std::size_t>(from * width), 5);
        std::vector<std::uint8_t> a(static_cast<std::size_t>(width)), b(a.size());
        const int last = to - 1;
        const auto* weights = taps.weights.data() + last * taps.width;
        const auto* first = in.data() + taps.first[last] * width;
        portable_kernels().blend_rows(first, width, weights, taps.count[last], taps.shift, width, a.data());
        fast->blend_rows(first, width, weights, taps.count[last], taps.shift, width, b.data());
        EXPECT_EQ(a, b) << from << " to " << to << ", width " << width;
      }
    }
  }
}

TEST(Kernels, ConvertEveryColourAsJfifDefinesIt) {
  std::vector<std::uint8_t> y, cb, cr;
  for (int i = 0; i < 256 * 64; ++i) {
    y.push_back(static_cast<std::uint8_t>(i));
    cb.push_back(static_cast<std::uint8_t>(i / 256 % 8 * 36));
    cr.push_back(static_cast<std::uint8_t>(i / 2048 * 36));
  }
  const auto count = static_cast<int>(y.size());
  std::vector<std::uint8_t> rgb(y.size() * 3), portable(rgb.size());
  kernels().to_rgb(y.data(), cb.data(), cr.data(), count, rgb.data());
  portable_kernels().to_rgb(y.data(), cb.data(), cr.data(), count, portable.data());
  EXPECT_EQ(rgb, portable);
  const auto byte = [](double value) { return std::clamp(value, 0.0, 255.0); };
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double blue = cb[i] - 128.0, red = cr[i] - 128.0;
    ASSERT_NEAR(rgb[3 * i], byte(y[i] + 1.402 * red), 0.55);
    ASSERT_NEAR(rgb[3 * i + 1], byte(y[i] - 0.344136 * blue - 0.714136 * red), 0.55);
    ASSERT_NEAR(rgb[3 * i + 2], byte(y[i] + 1.772 * blue), 0.55);
  }
}

}  // namespace
}  // namespace klein
