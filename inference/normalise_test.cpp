#include "inference/normalise.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/random.h"

namespace klein {
namespace {

std::vector<std::uint8_t> noise(std::int64_t bytes) {
  Random random(7);
  std::vector<std::uint8_t> picture(static_cast<std::size_t>(bytes));
  for (auto& byte : picture) byte = static_cast<std::uint8_t>(random.below(256));
  return picture;
}

constexpr Normalisation imagenet{{123.675F, 116.28F, 103.53F, 7.F}, {58.395F, 57.12F, 57.375F, 3.F}};

TEST(Normalise, divides_as_numpy_does_and_keeps_the_layout) {
  const std::vector<std::uint8_t> picture = {0, 1, 2, 253, 254, 255};
  std::vector<float> out(6);
  normalise(picture.data(), 1, 2, 3, imagenet, ImageLayout::height_width_channel, out.data());
  EXPECT_EQ(out[1], (1.F - 116.28F) / 57.12F);
  EXPECT_EQ(out[3], (253.F - 123.675F) / 58.395F);
}

TEST(Normalise, makes_planes) {
  const std::vector<std::uint8_t> picture = {0, 1, 2, 253, 254, 255};
  std::vector<float> out(6);
  normalise(picture.data(), 1, 2, 3, {}, ImageLayout::channel_height_width, out.data());
  EXPECT_EQ(out, (std::vector<float>{0, 253, 1, 254, 2, 255}));
}

class NormaliseSizes : public ::testing::TestWithParam<std::tuple<int, int, ImageLayout>> {};

TEST_P(NormaliseSizes, vectors_and_plain_code_agree_bit_for_bit_and_write_nothing_beyond) {
  const auto [pixels, channels, layout] = GetParam();
  const std::int64_t count = 2;
  const auto pictures = noise(count * pixels * channels);
  std::vector<float> fast(pictures.size() + 1, -77.F), plain(pictures.size() + 1, -77.F);
  normalise(pictures.data(), count, pixels, channels, imagenet, layout, fast.data());
  normalise_portable(pictures.data(), count, pixels, channels, imagenet, layout, plain.data());
  EXPECT_EQ(std::memcmp(fast.data(), plain.data(), fast.size() * sizeof(float)), 0);
  EXPECT_EQ(fast.back(), -77.F);
}

INSTANTIATE_TEST_SUITE_P(
    all, NormaliseSizes,
    ::testing::Combine(::testing::Values(0, 1, 7, 8, 15, 16, 17, 31, 33, 224), ::testing::Values(1, 2, 3, 4),
                       ::testing::Values(ImageLayout::height_width_channel, ImageLayout::channel_height_width)));

}  // namespace
}  // namespace klein
