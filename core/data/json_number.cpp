// Long lists of numbers, which is where the time goes when embeddings and pictures are read. Commas are found first, 64
// bytes at a time, so that where a number begins does not depend on the one before it.

#include "data/json_number.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>

namespace klein {

namespace {

constexpr std::ptrdiff_t block = 64, looked_at = 24;  // bytes; the second ones may be read behind a comma

/// A bit for each of 64 bytes: it is a comma.
std::uint64_t commas(const char* at) {
#if defined(__SSE2__)
  const auto in_part = [at](int part) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + part);
    const auto found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(',')));
    return static_cast<std::uint64_t>(found) << (16 * part);
  };
  return in_part(0) | in_part(1) | in_part(2) | in_part(3);
#else
  std::uint64_t bits = 0;
  for (int i = 0; i < 64; ++i) bits |= static_cast<std::uint64_t>(at[i] == ',') << i;
  return bits;
#endif
}

/// The number that `count` digits write, 1 to 8; false: they are not all digits.
[[gnu::always_inline]] inline bool digits_before(const char* at, std::ptrdiff_t count, std::uint64_t& number) {
  constexpr std::uint64_t zeros = 0x3030303030303030, highs = 0xF0F0F0F0F0F0F0F0;
  auto bytes = json::eight_bytes(at);
  if (count < 8) bytes = bytes << (64 - 8 * count) | zeros >> (8 * count);
  if (((bytes & highs) | ((bytes + 0x0606060606060606) & highs) >> 4) != (zeros | zeros >> 4)) return false;
  number = json::digits_of(bytes, 8);
  return true;
}

/// Digits up to `end`, at most 16.
bool all_digits(const char* at, const char* end, std::uint64_t& number) {
  const auto count = end - at;
  if (count < 1 || count > 16) return false;
  if (count <= 8) return digits_before(at, count, number);
  std::uint64_t rest = 0;
  if (!digits_before(at, 8, number) || !digits_before(at + 8, count - 8, rest)) return false;
  number = number * json::powers[count - 8] + rest;
  return true;
}

/// "0.123456", one digit and up to eight behind the point, from `at` to `end`; false: it is written in another way.
/// Most numbers of long lists are so.
[[gnu::always_inline]] inline bool short_number(const char* at, const char* end, double& number) {
  const auto whole = static_cast<unsigned char>(*at - '0');
  const auto decimals = end - at - 2;
  std::uint64_t digits = 0;
  if (whole > 9 || at[1] != '.' || decimals < 1 || decimals > 8 || !digits_before(at + 2, decimals, digits))
    return false;
  digits += whole * json::powers[decimals];
  number = static_cast<double>(static_cast<std::int64_t>(digits)) / json::exact_powers[decimals];
  return true;
}

/// "12.5" and the like, of up to 16 digits, from `at` to `end`; false: it is written in another way.
bool plain_number(const char* at, const char* end, double& number) {
  std::uint64_t whole = static_cast<unsigned char>(*at - '0'), digits = whole;
  if (whole > 9 || at == end) return false;
  const char* point = at + 1;
  if (point != end && *point != '.') {
    while (point != end && *point != '.') ++point;
    if (whole == 0 || !all_digits(at, point, whole)) return false;
    digits = whole;
  }
  std::ptrdiff_t decimals = 0;
  if (point != end) {
    decimals = end - point - 1;
    std::uint64_t part = 0;
    const std::uint64_t most = decimals > 8 ? 900 : 9'000'000'000;  // what is moved in front of them still fits
    if (whole > most || !all_digits(point + 1, end, part)) return false;
    digits = decimals > 8 ? whole * json::powers[decimals - 8] * json::powers[8] + part
                          : whole * json::powers[decimals] + part;
  }
  if (digits > std::uint64_t(1) << 53) return false;
  number = static_cast<double>(digits) / json::exact_powers[decimals];
  return true;
}

template <std::floating_point Real>
int take_numbers(std::string_view& text, Real* numbers, int most) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* number = begin;
  int count = 0;
  for (const char* at = begin; end - at >= block + looked_at; at += block) {
    for (auto bits = commas(at); bits != 0; bits &= bits - 1) {
      const char* const comma = at + std::countr_zero(bits);
      const bool negative = *number == '-';
      const char* const first = number + (negative ? 1 : 0);
      double value = 0;
      bool good = count < most && (short_number(first, comma, value) || plain_number(first, comma, value));
      if constexpr (std::is_same_v<Real, float>) good = good && !json::needs_care(value);
      if (!good) {
        text.remove_prefix(static_cast<std::size_t>(number - begin));
        return count;
      }
      numbers[count++] = static_cast<Real>(negative ? -value : value);
      number = comma + 1;
    }
  }
  text.remove_prefix(static_cast<std::size_t>(number - begin));
  return count;
}

}  // namespace

int take_plain_numbers(std::string_view& text, float* numbers, int most) { return take_numbers(text, numbers, most); }
int take_plain_numbers(std::string_view& text, double* numbers, int most) { return take_numbers(text, numbers, most); }

}  // namespace klein
