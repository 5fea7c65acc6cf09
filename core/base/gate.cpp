#include "base/gate.h"

#include "base/assert.h"

namespace klein {

Gate::~Gate() {
  const Lock lock(mutex_);
  KLEIN_ASSERT(inside_ == 0);
}

bool Gate::enter() {
  const Lock lock(mutex_);
  if (closed_) return false;
  ++inside_;
  return true;
}

void Gate::leave() {
  const Lock lock(mutex_);
  KLEIN_ASSERT(inside_ > 0);
  // Under the lock: once `close` returns the gate may be gone.
  if (--inside_ == 0) emptied_.notify_all();
}

void Gate::close() {
  const Lock lock(mutex_);
  closed_ = true;
  while (inside_ > 0) emptied_.wait(mutex_);
}

}  // namespace klein
