// What a task gives to snapshots: its cut, what its steps know, what its sinks staged.

#include "runtime/task.h"

namespace klein {

void Task::ask(Epoch epoch, bool overtake) {
  overtake_.store(overtake);
  asked_.store(epoch.value);
  if (!parts_.stateful) (void)snapshot(epoch, overtake);  // nothing in it can fail
}

/// Where it may: records the input up to the epoch's barriers, and sends the barrier on at once.
Result<> Task::snapshot(Epoch epoch, bool overtake) {
  const Lock lock(publish_);
  if (over_ || epoch <= epoch_ || !parts_.input->may_cut(epoch, overtake)) return {};
  epoch_ = epoch;
  if (!snapshot_) snapshot_.emplace();
  snapshot_->in_flight.clear();  // of an epoch that was given up; what was read and staged stays
  follow(snapshot_->states, KLEIN_TRY(take_states()));
  parts_.input->cut(epoch);
  lacks_input_ = true;
  for (auto& link : parts_.links) link.push(Barrier{epoch});
  if (parts_.sinks.empty()) {
    parts_.snapshots.wake();
    return {};
  }
  lacks_tokens_ = true;
  prepared_ = 0;
  return {};
}

Result<std::map<std::string, State>> Task::take_states() const {
  std::map<std::string, State> states;
  if (!parts_.stateful) return states;
  for (const auto& stage : parts_.stages) {
    auto state = KLEIN_TRY(stage->snapshot());
    if (!state.empty()) states[stage->context.step] = std::move(state);
  }
  return states;
}

Turn Task::begin_prepare() {
  prepared_ = 0;
  return Turn::again;
}

Result<Turn> Task::prepare() {
  Epoch epoch;
  bool for_snapshot = false;
  {
    const Lock lock(publish_);
    for_snapshot = lacks_tokens_;
    epoch = for_snapshot ? epoch_ : Epoch{epoch_.value + 1};
  }
  for (; *prepared_ < parts_.sinks.size(); ++*prepared_) {
    const auto& [sink, kind] = parts_.sinks[*prepared_];
    auto token = KLEIN_TRY(sink->prepare(epoch));
    if (!token) return Turn::wait;
    if (!token->empty()) tokens_.push_back({sink->step(), kind, *std::move(token)});
  }
  prepared_.reset();
  if (!for_snapshot) return finish();
  {
    const Lock lock(publish_);
    lacks_tokens_ = false;
    merge(*snapshot_, {.tokens = std::exchange(tokens_, {})});
  }
  parts_.snapshots.wake();
  return Turn::again;
}

std::optional<std::pair<Epoch, TaskSnapshot>> Task::take_snapshot(Epoch epoch) {
  const Lock lock(publish_);
  const bool stale = epoch_ < epoch;
  if (!snapshot_ || lacks_tokens_ || (stale && !over_)) return std::nullopt;
  if (lacks_input_ && !parts_.input->take_cut(*snapshot_)) return std::nullopt;
  lacks_input_ = false;
  auto snapshot = *std::exchange(snapshot_, std::nullopt);
  if (stale) snapshot = {.reading = snapshot.reading, .read = snapshot.read, .tokens = snapshot.tokens};
  return std::pair(epoch_, std::move(snapshot));
}

}  // namespace klein
