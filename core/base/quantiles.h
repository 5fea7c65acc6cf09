#pragma once
// Quantiles — how many numbers there are of each size, the sizes a hundredth apart: what it says of them is at most a
// hundredth off, in whatever order they come and wherever they are added up. A few hundred entries hold any numbers.

#include <cstdint>
#include <limits>
#include <map>

namespace klein {

class Quantiles {
 public:
  void add(double number);
  void add(const Quantiles& other);
  /// Of a saved one.
  void add_size(std::int32_t size, std::int64_t numbers);
  void add_bounds(double lowest, double highest);

  std::int64_t count() const { return count_; }
  double lowest() const { return lowest_; }
  double highest() const { return highest_; }
  /// The number below which this share of them is, from 0 to 1; there is one at least.
  double quantile(double share) const;
  /// How many of each size, in the order of the numbers; docs/formats/state.md says what a size is.
  const std::map<std::int32_t, std::int64_t>& sizes() const { return sizes_; }

 private:
  std::map<std::int32_t, std::int64_t> sizes_;
  std::int64_t count_ = 0;
  double lowest_ = std::numeric_limits<double>::infinity(), highest_ = -lowest_;
};

}  // namespace klein
