#pragma once
// What a number of JSON is as one of C++'s: exactly it, or of a real one the nearest.

#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>

#include "data/json_scanner.h"

namespace klein {

namespace json {

inline constexpr double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// A number that rounded to double may not, rounded again, be the nearest float: it lies right between two of them, or
/// is small or large.
inline bool needs_care(double value) {
  const bool between = (std::bit_cast<std::uint64_t>(value) & 0x1FFFFFFF) == 0x10000000;
  const bool usual = value >= std::numeric_limits<float>::min() && value <= std::numeric_limits<float>::max();
  return between || (!usual && value != 0);
}

/// Any number, slowly. Too small a one is 0.
template <std::floating_point Real>
bool to_real_of_any(const JsonNumber& number, Real& real) {
  const auto* const end = number.text.data() + number.text.size();
  if (std::from_chars(number.text.data(), end, real).ec == std::errc()) return std::isfinite(real);
  if constexpr (!std::is_same_v<Real, double>) {
    double wide = 0;
    if (!to_real_of_any(number, wide)) return false;
    real = static_cast<Real>(wide);
    return std::isfinite(real);
  }
  real = number.negative ? -Real(0) : Real(0);
  return number.exponent < 0;
}

}  // namespace json

/// False: it is too large. Nearly every number is one division of two that a double holds exactly, so that its result
/// is the nearest; rounding that to a float is the nearest too, unless it lies right between two.
template <std::floating_point Real>
bool to_real(const JsonNumber& number, Real& real) {
  constexpr int most = std::size(json::exact_powers) - 1;
  if (!number.exact || number.digits > std::uint64_t(1) << 53 || number.exponent < -most || number.exponent > most)
    return json::to_real_of_any(number, real);
  auto value = static_cast<double>(number.digits);
  if (number.exponent < 0) {
    value /= json::exact_powers[-number.exponent];
  } else {
    value *= json::exact_powers[number.exponent];
  }
  if constexpr (std::is_same_v<Real, float>) {
    if (json::needs_care(value)) return json::to_real_of_any(number, real);
  }
  real = static_cast<Real>(number.negative ? -value : value);
  return true;
}

/// Numbers with a comma right behind each, such as "0.25,-3,", into `numbers`, up to `most` or to the first that is
/// written in another way, is the last one or takes more care. How many there were; `text` begins behind them.
int take_plain_numbers(std::string_view& text, float* numbers, int most);
int take_plain_numbers(std::string_view& text, double* numbers, int most);

/// False: it is no whole number, or does not fit.
template <std::integral Integer>
bool to_integer(const JsonNumber& number, Integer& integer) {
  if (!number.whole) return false;
  if (number.exact && number.digits <= static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())) {
    if (number.negative && std::is_unsigned_v<Integer> && number.digits != 0) return false;
    const auto value = static_cast<Integer>(number.digits);
    integer = number.negative ? static_cast<Integer>(-value) : value;
    return true;
  }
  const auto* const end = number.text.data() + number.text.size();
  return std::from_chars(number.text.data(), end, integer).ec == std::errc();  // the lowest, or 20 digits of uint64
}

}  // namespace klein
