// Byte pictures to normalised floats. Three channels are deinterleaved sixteen pixels at a time; the division is a true
// one (it hides behind the stores), so that results are bit for bit what `(x - mean) / std` gives in numpy.

#include "inference/normalise.h"

#include "base/assert.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace klein {
namespace {

struct Step {  // distance in floats between neighbours in the output
  std::int64_t pixel, channel;
};

Step step_of(ImageLayout layout, std::int64_t pixels, int channels) {
  return layout == ImageLayout::height_width_channel ? Step{channels, 1} : Step{1, pixels};
}

void pixels_portable(const std::uint8_t* in, std::int64_t first, std::int64_t last, int channels,
                     const Normalisation& by, Step step, float* out) {
  for (int channel = 0; channel < channels; ++channel) {
    const float mean = by.mean[static_cast<std::size_t>(channel)];
    const float deviation = by.deviation[static_cast<std::size_t>(channel)];
    for (auto pixel = first; pixel < last; ++pixel) {
      out[pixel * step.pixel + channel * step.channel] =
          (static_cast<float>(in[pixel * channels + channel]) - mean) / deviation;
    }
  }
}

#if defined(__x86_64__)
#define KLEIN_AVX2 __attribute__((target("avx2")))

/// For each channel and each of three 16-byte loads: which bytes are that channel's, in order; -128 gives a zero.
struct Deinterleave {
  alignas(16) std::int8_t mask[3][3][16];
};
constexpr Deinterleave make_deinterleave() {
  Deinterleave table{};
  for (int channel = 0; channel < 3; ++channel) {
    for (int load = 0; load < 3; ++load) {
      for (int pixel = 0; pixel < 16; ++pixel) {
        const int byte = pixel * 3 + channel - load * 16;
        table.mask[channel][load][pixel] = static_cast<std::int8_t>(byte >= 0 && byte < 16 ? byte : -128);
      }
    }
  }
  return table;
}
constexpr Deinterleave deinterleave = make_deinterleave();

KLEIN_AVX2 inline __m256 eight_floats(__m128i bytes, __m256 mean, __m256 deviation) {
  return _mm256_div_ps(_mm256_sub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)), mean), deviation);
}

KLEIN_AVX2 inline __m128i mask(int channel, int load) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(deinterleave.mask[channel][load]));
}

/// As many pixels as fill whole vectors, into a plane a channel; returns how many were done.
KLEIN_AVX2 std::int64_t planes_avx2(const std::uint8_t* in, std::int64_t pixels, const Normalisation& by, float* out) {
  std::int64_t pixel = 0;
  for (; pixel + 16 <= pixels; pixel += 16) {
    const auto* from = reinterpret_cast<const __m128i*>(in + pixel * 3);
    const __m128i loads[3] = {_mm_loadu_si128(from), _mm_loadu_si128(from + 1), _mm_loadu_si128(from + 2)};
    for (int channel = 0; channel < 3; ++channel) {
      const __m128i bytes = _mm_or_si128(
          _mm_or_si128(_mm_shuffle_epi8(loads[0], mask(channel, 0)), _mm_shuffle_epi8(loads[1], mask(channel, 1))),
          _mm_shuffle_epi8(loads[2], mask(channel, 2)));
      const __m256 mean = _mm256_set1_ps(by.mean[static_cast<std::size_t>(channel)]);
      const __m256 deviation = _mm256_set1_ps(by.deviation[static_cast<std::size_t>(channel)]);
      float* to = out + channel * pixels + pixel;
      _mm256_storeu_ps(to, eight_floats(bytes, mean, deviation));
      _mm256_storeu_ps(to + 8, eight_floats(_mm_srli_si128(bytes, 8), mean, deviation));
    }
  }
  return pixel;
}

/// The same, interleaved as they are: after eight pixels the channels stand in the same lanes again.
KLEIN_AVX2 std::int64_t interleaved_avx2(const std::uint8_t* in, std::int64_t pixels, const Normalisation& by,
                                         float* out) {
  alignas(32) float mean[24], deviation[24];
  for (std::size_t lane = 0; lane < 24; ++lane) {
    mean[lane] = by.mean[lane % 3];
    deviation[lane] = by.deviation[lane % 3];
  }
  std::int64_t pixel = 0;
  for (; pixel + 8 <= pixels; pixel += 8) {
    for (int part = 0; part < 24; part += 8) {
      const auto bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(in + pixel * 3 + part));
      _mm256_storeu_ps(
          out + pixel * 3 + part, eight_floats(bytes, _mm256_load_ps(mean + part), _mm256_load_ps(deviation + part)));
    }
  }
  return pixel;
}

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}

std::int64_t whole_vectors(const std::uint8_t* in, std::int64_t pixels, int channels, const Normalisation& by,
                           ImageLayout layout, float* out) {
  if (channels != 3 || !has_avx2()) return 0;
  return layout == ImageLayout::height_width_channel
             ? interleaved_avx2(in, pixels, by, out)
             : planes_avx2(in, pixels, by, out);
}
#else
std::int64_t whole_vectors(const std::uint8_t*, std::int64_t, int, const Normalisation&, ImageLayout, float*) {
  return 0;
}
#endif

}  // namespace

void normalise_portable(const std::uint8_t* pictures, std::int64_t count, std::int64_t pixels, int channels,
                        const Normalisation& normalisation, ImageLayout layout, float* out) {
  KLEIN_ASSERT(channels >= 1 && channels <= most_channels);
  const auto size = pixels * channels;
  for (std::int64_t picture = 0; picture < count; ++picture) {
    pixels_portable(pictures + picture * size, 0, pixels, channels, normalisation, step_of(layout, pixels, channels),
                    out + picture * size);
  }
}

void normalise(const std::uint8_t* pictures, std::int64_t count, std::int64_t pixels, int channels,
               const Normalisation& normalisation, ImageLayout layout, float* out) {
  KLEIN_ASSERT(channels >= 1 && channels <= most_channels);
  const auto size = pixels * channels;
  for (std::int64_t picture = 0; picture < count; ++picture) {
    const auto* in = pictures + picture * size;
    const auto done = whole_vectors(in, pixels, channels, normalisation, layout, out + picture * size);
    pixels_portable(in, done, pixels, channels, normalisation, step_of(layout, pixels, channels), out + picture * size);
  }
}

}  // namespace klein
