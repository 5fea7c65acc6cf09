#pragma once
// Pictures as models take them: bytes become `(x - mean) / std` in float32, rounded as numpy rounds it.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace klein {

/// Which of a picture's axes comes first in memory: as decoded (height, width, channel), or a plane a channel.
enum class ImageLayout { height_width_channel, channel_height_width };

inline constexpr int most_channels = 4;

/// One mean and one deviation a channel.
struct Normalisation {
  std::array<float, most_channels> mean{}, deviation{1, 1, 1, 1};
};

/// A byte picture on its way to a float input.
struct PictureInput {
  std::int64_t pixels = 0;
  int channels = 1;
  Normalisation normalisation;
  ImageLayout layout = ImageLayout::height_width_channel;
  bool has_axes = false;  // height, width and channel stand in the column's cells, and the model has them too
};
/// One each of a model's inputs; nothing where it is fed as it is.
using Pictures = std::vector<std::optional<PictureInput>>;

/// `count` pictures of `pixels` pixels and `channels` (1 to 4) interleaved bytes, into as many floats laid out as
/// `layout` says. Uses AVX2 where the machine has it.
void normalise(const std::uint8_t* pictures, std::int64_t count, std::int64_t pixels, int channels,
               const Normalisation& normalisation, ImageLayout layout, float* out);

/// The same on any machine.
void normalise_portable(const std::uint8_t* pictures, std::int64_t count, std::int64_t pixels, int channels,
                        const Normalisation& normalisation, ImageLayout layout, float* out);

}  // namespace klein
