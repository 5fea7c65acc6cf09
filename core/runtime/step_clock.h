#pragma once
// StepClock — how long a task's calls take: what a call of the clock costs would be most of what a one-row step costs,
// so of short steps every eighth is timed, and counts for eight. Of the task's thread.

#include <cstdint>
#include <utility>

#include "base/clock.h"
#include "runtime/metrics.h"

namespace klein {

class StepClock {
 public:
  void assemble(const Clock& clock) { clock_ = &clock; }
  /// `each`: short or not, it is timed.
  void begin_step(bool each) {
    const bool is_short = !each && mean_step_ < measured_step;
    weight_ = !is_short ? 1 : steps_++ % timed_of_short == 0 ? timed_of_short : 0;
    if (weight_ > 0) last_ = begun_ = clock_->now();
  }
  void end_step() {
    if (weight_ > 0) mean_step_ += (last_ - begun_ - mean_step_) / 4;
  }

  /// Whoever looks at the metrics while a long call goes on sees that it does.
  void begin_call(StepMetrics& metrics) const {
    if (weight_ > 0) metrics.since.store(last_, std::memory_order_relaxed);
  }
  /// The nanoseconds that it took, weighted; they are counted.
  std::int64_t end_call(StepMetrics& metrics) {
    if (weight_ == 0) return 0;
    const auto busy = tick();
    metrics.since.store(0, std::memory_order_relaxed);
    count(metrics.busy, busy);
    return busy;
  }
  /// Nanoseconds since the last tick, weighted; 0 in a step that is not timed.
  std::int64_t tick() {
    if (weight_ == 0) return 0;
    const auto now = clock_->now();
    const auto elapsed = now - std::exchange(last_, now);
    busy_ += elapsed;
    return elapsed > measured_step ? elapsed : elapsed * weight_;  // a long call among short ones counts for itself
  }

  std::int64_t last() const { return last_; }  // when it was last looked at
  std::int64_t take_busy() { return std::exchange(busy_, 0); }

 private:
  static constexpr std::int64_t measured_step = 10'000;  // nanoseconds; shorter ones are short
  static constexpr int timed_of_short = 8;

  const Clock* clock_ = nullptr;
  std::int64_t last_ = 0, begun_ = 0, busy_ = 0;
  std::int64_t mean_step_ = 1'000'000;  // steps are long until some were short
  int weight_ = 1;
  unsigned steps_ = 0;
};

}  // namespace klein
