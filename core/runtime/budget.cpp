#include "runtime/budget.h"

#include <utility>

#include "base/assert.h"

namespace klein {

void Budget::add(std::int64_t bytes) {
  const auto used = used_.fetch_add(bytes) + bytes;
  auto peak = peak_.load(std::memory_order_relaxed);
  while (used > peak && !peak_.compare_exchange_weak(peak, used)) {
  }
}

void Budget::subtract(std::int64_t bytes) {
  const auto used = used_.fetch_sub(bytes) - bytes;
  KLEIN_ASSERT(used >= 0);
  if (used >= limit_ || !anyone_waits_.load()) return;
  std::vector<Waker> woken;
  {
    const Lock lock(mutex_);
    woken.swap(waiting_);
    anyone_waits_.store(false);
  }
  for (const auto& waker : woken) waker.wake();
}

bool Budget::available(const Waker& waker) {
  if (used_.load() < limit_) return true;
  const Lock lock(mutex_);
  waiting_.push_back(waker);
  anyone_waits_.store(true);
  // It may have drained between the two looks, when nobody was there to be woken. The waker that stays in the list then
  // wakes a task once too often, which is harmless.
  return used_.load() < limit_;
}

}  // namespace klein
