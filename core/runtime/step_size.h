#pragma once
// StepSize — how many rows a step of a chain takes whose cost is its rows', from what its last step took: few at first,
// then as many as take a tenth of a second. So stops, snapshots and progress wait no longer, however large the batches
// are that were read. Pure.

#include <algorithm>
#include <cstdint>

namespace klein {

class StepSize {
 public:
  static constexpr std::int64_t target = 100'000'000;  // nanoseconds
  std::int64_t rows() const { return rows_; }
  void took(std::int64_t rows, std::int64_t nanoseconds) {
    const auto fitting = target / std::max<std::int64_t>(nanoseconds / std::max<std::int64_t>(rows, 1), 1);
    rows_ = std::clamp<std::int64_t>(fitting, 1, std::min(4 * rows_, most));
  }

 private:
  static constexpr std::int64_t most = 1 << 20;
  std::int64_t rows_ = 256;
};

}  // namespace klein
