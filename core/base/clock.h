#pragma once
// Clock and Timers — time is injected, so that tests and the seeded executor own it. Durations and instants are
// nanoseconds in an int64; instants count from an arbitrary start and never go back.

#include <cstdint>

#include "base/waker.h"

namespace klein {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now() const = 0;
};

/// The machine's monotonic clock.
class SteadyClock final : public Clock {
 public:
  std::int64_t now() const override;
};

/// Wakes when the clock has passed `time`; at most a few milliseconds late. Any thread.
class Timers {
 public:
  virtual ~Timers() = default;
  virtual void wake_at(std::int64_t time, Waker waker) = 0;
};

/// CPU time that the calling thread has used, in nanoseconds. Costs half a microsecond: never once an item.
std::int64_t thread_cpu_time();

}  // namespace klein
