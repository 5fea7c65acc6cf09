#include "base/quantiles.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace klein {

namespace {

constexpr double apart = 0.01, growth = (1 + apart) / (1 - apart);
constexpr std::int32_t sizes = 40'000;  // a number's logarithm is less, either way, so that signs don't meet

/// 0 is zero, and what a double can hardly tell from it.
std::int32_t size_of(double number) {
  const auto magnitude = std::min(std::abs(number), std::numeric_limits<double>::max());
  if (magnitude < std::numeric_limits<double>::min()) return 0;
  const auto size = sizes + static_cast<std::int32_t>(std::ceil(std::log(magnitude) / std::log(growth)));
  return number < 0 ? -size : size;
}

double number_of(std::int32_t size) {
  if (size == 0) return 0;
  const auto magnitude = 2 * std::pow(growth, std::abs(size) - sizes) / (growth + 1);
  return size < 0 ? -magnitude : magnitude;
}

}  // namespace

void Quantiles::add(double number) {
  add_size(size_of(number), 1);
  add_bounds(number, number);
}

void Quantiles::add(const Quantiles& other) {
  for (const auto& [size, numbers] : other.sizes_) add_size(size, numbers);
  add_bounds(other.lowest_, other.highest_);
}

void Quantiles::add_size(std::int32_t size, std::int64_t numbers) {
  sizes_[size] += numbers;
  count_ += numbers;
}

void Quantiles::add_bounds(double lowest, double highest) {
  lowest_ = std::min(lowest_, lowest);
  highest_ = std::max(highest_, highest);
}

double Quantiles::quantile(double share) const {
  auto rank = static_cast<std::int64_t>(share * static_cast<double>(count_ - 1));
  for (const auto& [size, numbers] : sizes_) {
    if (rank < numbers) return std::clamp(number_of(size), lowest_, highest_);
    rank -= numbers;
  }
  return highest_;
}

}  // namespace klein
