#pragma once
// Restore — what a job takes over from an earlier attempt's last sealed epoch, matched with the plan by step names.

#include <map>
#include <string>
#include <vector>

#include "base/waker.h"
#include "checkpoint/checkpoint.h"
#include "op/registry.h"
#include "plan/plan.h"
#include "runtime/state_room.h"

namespace klein {

/// What a node needs to take snapshots and to go on from one.
struct Recovery {
  bool snapshots = false;                                                   // they are taken
  Waker on_snapshot;                                                        // woken when one is on its way, or complete
  std::map<std::string, std::vector<Batch>> in_flight;                      // by edge
  std::map<std::string, std::vector<Value>> states;                         // by step
  std::map<std::string, std::map<std::string, std::vector<Batch>>> tables;  // rows of states, by step and name
  std::map<std::string, std::map<std::string, std::shared_ptr<const LateRows>>> late;  // those of kinds that are `late`
  Store* store = nullptr;
  const StateRoom* room = nullptr;  // where memory has none; null: it has for all
};

/// What a step remembered, of `tasks` as this one. `invalid` where a state without keys was that of others than these.
Result<State> state_of(const Recovery& recovery, const std::string& step, int task, int tasks);

/// "decode>embed:0": what a step's input is called in snapshots.
std::string edge_name(const Plan& plan, int step, std::size_t port);

/// Loads what the epoch holds. `invalid`, with a list, where the plan has no place for some of it.
/// Late rows are read from the checkpoint, which outlives them.
Result<Recovery> restore(const Checkpoint& checkpoint, const Manifest& manifest, const Plan& plan,
                         const Registry& registry);

}  // namespace klein
