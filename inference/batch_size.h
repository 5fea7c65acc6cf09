#pragma once
// BatchSize — the batch size that a model likes best, found while it works. Facts in (rows, nanoseconds), verdict out
// (rows to send next): no clock, no I/O, no threads. Sizes are judged by the power of two they reach.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace klein {

class BatchSize {
 public:
  /// Never sends more than `most` rows.
  explicit BatchSize(std::int64_t most);

  /// How many of `available` rows to send next; at least one. First 1, 2, 4, ... a few times each until larger is no
  /// faster; then the fastest, and now and then one that may be faster still: what that costs stays near 1 % of the
  /// work.
  std::int64_t next(std::int64_t available) const;
  /// A call with `rows` rows took this long.
  void observe(std::int64_t rows, std::int64_t nanoseconds);
  /// The size found best so far.
  std::int64_t best() const { return std::int64_t{1} << best_; }

 private:
  struct Size {
    std::vector<double> costs;  // of a row, the latest calls
    std::size_t following = 0;  // where the next cost goes
    double cost = 0;            // their median
    double least = 0;           // what it may be in truth: calls are disturbed, never helped
    bool known() const;
  };

  static std::size_t index_of(std::int64_t rows);
  void refresh(Size& size) const;
  bool climb();
  std::size_t explore() const;

  const std::int64_t most_;
  std::vector<Size> sizes_;
  std::size_t best_ = 0, wanted_ = 0;
  bool climbing_ = true;
  double worked_ = 0, wasted_ = 0;  // nanoseconds in all, and beyond what the best size would have taken
};

}  // namespace klein
