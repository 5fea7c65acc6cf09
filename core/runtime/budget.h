#pragma once
// Budget — bytes in flight between a node's tasks. It gates sources only: every other task may always finish its step,
// so a full budget drains and never locks up. Any thread.

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "base/waker.h"

namespace klein {

class Budget {
 public:
  explicit Budget(std::int64_t limit) : limit_(limit) {}
  void add(std::int64_t bytes);
  void subtract(std::int64_t bytes);  // wakes the sources that wait, once there is room again
  /// False: full; `waker` is woken when it is not.
  bool available(const Waker& waker);
  std::int64_t used() const { return used_.load(std::memory_order_relaxed); }
  std::int64_t peak() const { return peak_.load(std::memory_order_relaxed); }
  std::int64_t limit() const { return limit_; }

 private:
  const std::int64_t limit_;
  std::atomic<std::int64_t> used_{0}, peak_{0};
  std::atomic<bool> anyone_waits_{false};
  Mutex mutex_;
  std::vector<Waker> waiting_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace klein
