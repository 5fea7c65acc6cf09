#pragma once
// StepMetrics — what one task counts of one step: written by its thread once a batch, read by anyone at any time.

#include <atomic>
#include <cstdint>
#include <limits>

namespace klein {

struct StepMetrics {
  std::atomic<std::int64_t> rows_in{0}, rows_out{0}, rows_failed{0}, batches{0};
  std::atomic<std::int64_t> busy{0}, cpu{0};                                      // nanoseconds
  std::atomic<std::int64_t> watermark{std::numeric_limits<std::int64_t>::min()};  // the last that passed
};

/// For a counter with one writer: no locked instruction.
inline void count(std::atomic<std::int64_t>& counter, std::int64_t by) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace klein
