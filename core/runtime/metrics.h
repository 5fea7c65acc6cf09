#pragma once
// StepMetrics — what one task counts of one step: written by its thread once a batch, read by anyone at any time; and
// TaskMetrics, what it counts of itself.

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "op/user_metrics.h"

namespace klein {

struct StepMetrics {
  std::atomic<std::int64_t> rows_in{0}, rows_out{0}, rows_failed{0}, batches{0};
  std::atomic<std::int64_t> busy{0}, cpu{0};                                      // nanoseconds
  std::atomic<std::int64_t> watermark{std::numeric_limits<std::int64_t>::min()};  // the last that passed
  std::atomic<std::int64_t> state_memory{-1}, state_disk{-1};                     // bytes; -1: not known
  const std::shared_ptr<UserMetrics> user = std::make_shared<UserMetrics>();
  bool over_budget = false;            // of a source, for its task: it reads no more until there is memory
  std::atomic<std::int64_t> since{0};  // when the call began that goes on now, of those that are timed; 0: none does
};

/// For a counter with one writer: no locked instruction.
inline void count(std::atomic<std::int64_t>& counter, std::int64_t by) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

struct TaskMetrics {
  std::atomic<std::int64_t> held_back{0};        // nanoseconds in which what follows had no room
  std::atomic<std::int64_t> held_back_since{0};  // 0: it is not now

  /// Its turn has begun.
  void go_on(std::int64_t now) {
    const auto since = held_back_since.load(std::memory_order_relaxed);
    if (since == 0) return;
    count(held_back, now - since);
    held_back_since.store(0, std::memory_order_relaxed);
  }
};

/// Nanoseconds of what is over, and of what goes on since then.
inline std::int64_t up_to(std::int64_t now, const std::atomic<std::int64_t>& over,
                          const std::atomic<std::int64_t>& since) {
  const auto counted = over.load(std::memory_order_relaxed);
  const auto begun = since.load(std::memory_order_relaxed);
  return counted + (begun == 0 || begun > now ? 0 : now - begun);
}

}  // namespace klein
