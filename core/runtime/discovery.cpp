#include "runtime/discovery.h"

#include <algorithm>
#include <limits>

namespace klein {

void Discovery::begin(Coordinator& coordinator, Node& node, Executor& executor, Waker self) {
  coordinator_ = &coordinator;
  node_ = &node;
  executor_ = &executor;
  self_ = std::move(self);
  for (auto& each : looks_) {
    if (each.just_now) each.next = executor.clock().now() + each.discoverer->interval();
  }
  self_.wake();
}

Result<bool> Discovery::look(Look& look) {
  look.next = executor_->clock().now() + look.discoverer->interval();
  auto found = look.discoverer->look(look.position);
  if (!found.ok() && found.error().code() == Code::unavailable) return false;  // the next look may tell
  if (!found.ok()) return std::move(found).error().at_step(look.source);
  if (found->splits.empty() && found->position == look.position) return false;
  coordinator_->found(look.source, *found);
  look.position = std::move(found->position);
  return !found->splits.empty();
}

Turn Discovery::run(int) {
  if (coordinator_->stopping() || coordinator_->draining() || coordinator_->tasks_running() == 0) return Turn::finished;
  auto next = std::numeric_limits<std::int64_t>::max();
  bool any = false;
  for (auto& each : looks_) {
    if (each.next <= executor_->clock().now()) {
      auto found = look(each);
      if (!found.ok()) {
        coordinator_->failed(std::move(found).error());
        node_->start();  // so that each sees it
        return Turn::finished;
      }
      any |= *found;
    }
    next = std::min(next, each.next);
  }
  if (any) node_->start();
  executor_->timers().wake_at(next, self_);
  return Turn::wait;
}

}  // namespace klein
