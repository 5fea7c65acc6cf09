#include "runtime/gather.h"

#include <limits>

namespace klein {

namespace {

const char* to_string(Batching::Why why) {
  switch (why) {
    case Batching::Why::full: return "batches_full";
    case Batching::Why::stable: return "batches_at_once";
    case Batching::Why::deadline: return "batches_at_deadline";
    case Batching::Why::drain: return "batches_drained";
  }
  return "";
}

}  // namespace

std::unique_ptr<Gather> Gather::of(const std::vector<std::unique_ptr<Stage>>& stages, ChannelInput& input) {
  for (auto place = stages.size(); place-- > 0;) {
    if (const auto* step = stages[place]->gathering())
      return std::make_unique<Gather>(input, *step, *stages[place]->metrics().user);
  }
  return nullptr;
}

std::int64_t Gather::rows(std::int64_t now) {
  wait_until_ = 0;
  const auto queued = input_.queued();
  if (queued.rows == 0) return std::numeric_limits<std::int64_t>::max();  // whatever else comes
  const auto verdict = batching_.decide(
      {.now = now,
       .rows = queued.rows,
       .admitted = queued.admitted,
       .arrived = queued.arrived,
       .wanted = step_.wanted_rows(),
       .more_may_come = queued.only_rows});
  if (verdict.rows == 0) wait_until_ = verdict.wait_until;
  if (verdict.rows > 0) (void)metrics_.count(to_string(verdict.why), 1);  // no other metric has these names
  return verdict.rows;
}

}  // namespace klein
