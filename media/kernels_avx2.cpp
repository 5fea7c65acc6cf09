#include "media/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

// Functions, not the file, are compiled for AVX2: what the file includes must run on every machine.
#define KLEIN_AVX2 __attribute__((target("avx2")))
#define KLEIN_AVX2_INLINE __attribute__((target("avx2"), always_inline)) inline

namespace klein {
namespace {

/// Adds two rows' 32 bytes, weighted by the pair `weights`, to 32 sums, in the order in which `pack` undoes it.
KLEIN_AVX2_INLINE void add_rows(const std::uint8_t* first, const std::uint8_t* second, __m256i weights, __m256i* sums) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first));
  const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(second));
  const __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
  sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(_mm256_unpacklo_epi8(low, zero), weights));
  sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(_mm256_unpackhi_epi8(low, zero), weights));
  sums[2] = _mm256_add_epi32(sums[2], _mm256_madd_epi16(_mm256_unpacklo_epi8(high, zero), weights));
  sums[3] = _mm256_add_epi32(sums[3], _mm256_madd_epi16(_mm256_unpackhi_epi8(high, zero), weights));
}

KLEIN_AVX2_INLINE __m256i pack(const __m256i* sums, __m128i shift) {
  const __m256i low = _mm256_packs_epi32(_mm256_sra_epi32(sums[0], shift), _mm256_sra_epi32(sums[1], shift));
  const __m256i high = _mm256_packs_epi32(_mm256_sra_epi32(sums[2], shift), _mm256_sra_epi32(sums[3], shift));
  return _mm256_packus_epi16(low, high);
}

KLEIN_AVX2 void blend_rows(const std::uint8_t* in, std::ptrdiff_t stride, const std::int16_t* weights, int count,
                           int shift, int width, std::uint8_t* out) {
  constexpr int step = 32;
  if (width < step) return portable_kernels().blend_rows(in, stride, weights, count, shift, width, out);
  const __m128i by = _mm_cvtsi32_si128(shift);
  const __m256i half = _mm256_set1_epi32(1 << (shift - 1));
  for (int done = 0; done < width; done += step) {
    const int x = done + step <= width ? done : width - step;  // the last step repeats a part of the one before
    __m256i sums[4] = {half, half, half, half};
    for (int row = 0; row < count; row += 2) {
      const std::uint8_t* first = in + row * stride + x;
      const bool pair = row + 1 < count;
      const int second_weight = pair ? weights[row + 1] : 0;
      const __m256i both = _mm256_set1_epi32((second_weight << 16) | static_cast<std::uint16_t>(weights[row]));
      add_rows(first, pair ? first + stride : first, both, sums);
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + x), pack(sums, by));
  }
}

/// The sums of two neighbouring outputs, one in each half.
KLEIN_AVX2_INLINE __m256i sum_of_two(const std::uint8_t* in, const Taps& taps, int output) {
  const std::uint8_t* a = in + taps.first[output];
  const std::uint8_t* b = in + taps.first[output + 1];
  const std::int16_t* weights = taps.weights.data() + std::ptrdiff_t{output} * taps.width;
  __m256i sum = _mm256_setzero_si256();
  for (int k = 0; k < taps.width; k += 8) {
    const __m128i bytes = _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a + k)),
                                             _mm_loadl_epi64(reinterpret_cast<const __m128i*>(b + k)));
    const __m256i both = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + k))),
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + k + taps.width)), 1);
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_cvtepu8_epi16(bytes), both));
  }
  return sum;
}

/// Eight sums to eight bytes.
KLEIN_AVX2_INLINE void store_eight(__m256i sums, __m128i shift, std::uint8_t* out) {
  const __m256i bytes = _mm256_sra_epi32(sums, shift);
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(words, words));
}

KLEIN_AVX2_INLINE __m256i load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

KLEIN_AVX2 void resize_plane_row_in_lanes(const std::uint8_t* in, const Taps& taps, std::uint8_t* out) {
  const Lanes& lanes = taps.lanes;
  const __m128i by = _mm_cvtsi32_si128(taps.shift);
  const __m256i half = _mm256_set1_epi32(1 << (taps.shift - 1));
  const int* first = lanes.first.data();
  const std::uint8_t* picks = lanes.picks.data();
  const std::int16_t* weights = lanes.weights.data();
  for (int done = 0; done < taps.to; done += 8, first += 2) {
    const __m256i bytes = _mm256_loadu2_m128i(
        reinterpret_cast<const __m128i*>(in + first[1]), reinterpret_cast<const __m128i*>(in + first[0]));
    __m256i sums = half;
    for (int pair = 0; pair < lanes.pairs; ++pair, picks += 32, weights += 16) {
      const __m256i samples = _mm256_shuffle_epi8(bytes, load(picks));
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(samples, load(weights)));
    }
    store_eight(sums, by, out + (done + 8 <= taps.to ? done : taps.to - 8));
  }
}

KLEIN_AVX2 void resize_plane_row(const std::uint8_t* in, const Taps& taps, std::uint8_t* out) {
  const __m128i by = _mm_cvtsi32_si128(taps.shift);
  const __m256i half = _mm256_set1_epi32(1 << (taps.shift - 1));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  constexpr int step = 8;
  if (taps.to < step) return portable_kernels().resize_row[0](in, taps, out);
  if (taps.lanes.pairs > 0) return resize_plane_row_in_lanes(in, taps, out);
  for (int done = 0; done < taps.to; done += step) {
    const int i = done + step <= taps.to ? done : taps.to - step;
    const __m256i a = _mm256_hadd_epi32(sum_of_two(in, taps, i), sum_of_two(in, taps, i + 2));
    const __m256i b = _mm256_hadd_epi32(sum_of_two(in, taps, i + 4), sum_of_two(in, taps, i + 6));
    const __m256i sums = _mm256_permutevar8x32_epi32(_mm256_hadd_epi32(a, b), order);
    store_eight(_mm256_add_epi32(sums, half), by, out + i);
  }
}

/// Which bytes of four pixels make, as words, pixels 0 and 1 of each channel in the lower half, 2 and 3 in the upper.
template <int channels>
KLEIN_AVX2_INLINE __m256i pixel_pairs() {
  alignas(32) std::int8_t bytes[32];
  for (int half = 0; half < 2; ++half) {
    for (int channel = 0; channel < 4; ++channel) {
      std::int8_t* four = bytes + half * 16 + channel * 4;
      const int from = half * 2 * channels + channel;
      const bool there = channel < channels;
      four[0] = static_cast<std::int8_t>(there ? from : -1);
      four[2] = static_cast<std::int8_t>(there ? from + channels : -1);
      four[1] = four[3] = -1;
    }
  }
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
}

template <int channels>
KLEIN_AVX2 void resize_row(const std::uint8_t* in, const Taps& taps, std::uint8_t* out) {
  const __m128i by = _mm_cvtsi32_si128(taps.shift);
  const __m128i half = _mm_set1_epi32(1 << (taps.shift - 1));
  const __m256i pairs = pixel_pairs<channels>(), spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const std::int16_t* weights = taps.weights.data();
  for (int i = 0; i < taps.to; ++i, out += channels, weights += taps.width) {
    const std::uint8_t* from = in + taps.first[i] * channels;
    __m256i sum = _mm256_setzero_si256();
    for (int k = 0; k < taps.count[i]; k += 4) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + k * channels));
      const __m128i four = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(weights + k));
      const __m256i pixels = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), pairs);
      const __m256i factors = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(four), spread);
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pixels, factors));
    }
    const __m128i whole = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    const __m128i words = _mm_sra_epi32(_mm_add_epi32(whole, half), by);
    const __m128i packed = _mm_packus_epi16(_mm_packs_epi32(words, words), words);
    const int bytes = _mm_cvtsi128_si32(packed);
    std::memcpy(out, &bytes, channels);
  }
}

/// 16 pixels: each `channel` register holds 16 bytes; 48 bytes, interleaved.
KLEIN_AVX2_INLINE void store_rgb(__m128i red, __m128i green, __m128i blue, std::uint8_t* out) {
  constexpr char no = -1;
  auto* to = reinterpret_cast<__m128i*>(out);
  const __m128i r0 = _mm_setr_epi8(0, no, no, 1, no, no, 2, no, no, 3, no, no, 4, no, no, 5);
  const __m128i g0 = _mm_setr_epi8(no, 0, no, no, 1, no, no, 2, no, no, 3, no, no, 4, no, no);
  const __m128i b0 = _mm_setr_epi8(no, no, 0, no, no, 1, no, no, 2, no, no, 3, no, no, 4, no);
  const __m128i r1 = _mm_setr_epi8(no, no, 6, no, no, 7, no, no, 8, no, no, 9, no, no, 10, no);
  const __m128i g1 = _mm_setr_epi8(5, no, no, 6, no, no, 7, no, no, 8, no, no, 9, no, no, 10);
  const __m128i b1 = _mm_setr_epi8(no, 5, no, no, 6, no, no, 7, no, no, 8, no, no, 9, no, no);
  const __m128i r2 = _mm_setr_epi8(no, 11, no, no, 12, no, no, 13, no, no, 14, no, no, 15, no, no);
  const __m128i g2 = _mm_setr_epi8(no, no, 11, no, no, 12, no, no, 13, no, no, 14, no, no, 15, no);
  const __m128i b2 = _mm_setr_epi8(10, no, no, 11, no, no, 12, no, no, 13, no, no, 14, no, no, 15);
  const auto join = [&](__m128i r, __m128i g, __m128i b) KLEIN_AVX2 {
    return _mm_or_si128(_mm_shuffle_epi8(red, r), _mm_or_si128(_mm_shuffle_epi8(green, g), _mm_shuffle_epi8(blue, b)));
  };
  _mm_storeu_si128(to, join(r0, g0, b0));
  _mm_storeu_si128(to + 1, join(r1, g1, b1));
  _mm_storeu_si128(to + 2, join(r2, g2, b2));
}

KLEIN_AVX2_INLINE __m256i widen(const std::uint8_t* bytes) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

KLEIN_AVX2_INLINE __m128i narrow(__m256i words) {
  const __m256i bytes = _mm256_srai_epi16(words, 6);
  return _mm_packus_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
}

KLEIN_AVX2 void to_rgb(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int width,
                       std::uint8_t* out) {
  const __m256i middle = _mm256_set1_epi16(128), half = _mm256_set1_epi16(32);
  constexpr int step = 16;
  if (width < step) return portable_kernels().to_rgb(y, cb, cr, width, out);
  for (int done = 0; done < width; done += step) {
    const int x = done + step <= width ? done : width - step;
    const __m256i luma = _mm256_add_epi16(_mm256_slli_epi16(widen(y + x), 6), half);
    const __m256i b = _mm256_sub_epi16(widen(cb + x), middle), r = _mm256_sub_epi16(widen(cr + x), middle);
    const __m256i b6 = _mm256_slli_epi16(b, 6), b7 = _mm256_slli_epi16(b, 7);
    const __m256i r6 = _mm256_slli_epi16(r, 6), r7 = _mm256_slli_epi16(r, 7);
    const __m256i red = _mm256_add_epi16(luma, _mm256_mulhrs_epi16(r7, _mm256_set1_epi16(22970)));
    const __m256i green = _mm256_sub_epi16(_mm256_sub_epi16(luma, _mm256_mulhrs_epi16(b6, _mm256_set1_epi16(11277))),
                                           _mm256_mulhrs_epi16(r6, _mm256_set1_epi16(23401)));
    const __m256i blue = _mm256_add_epi16(luma, _mm256_mulhrs_epi16(b7, _mm256_set1_epi16(29032)));
    store_rgb(narrow(red), narrow(green), narrow(blue), out + 3 * x);
  }
}

}  // namespace

const Kernels* avx2_kernels() {
  static constexpr Kernels avx2{blend_rows, {resize_plane_row, resize_row<2>, resize_row<3>, resize_row<4>}, to_rgb};
  return __builtin_cpu_supports("avx2") ? &avx2 : nullptr;
}

}  // namespace klein

#else

namespace klein {
const Kernels* avx2_kernels() { return nullptr; }
}  // namespace klein

#endif
