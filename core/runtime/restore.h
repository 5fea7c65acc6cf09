#pragma once
// Restore — what a job takes over from an earlier attempt's last sealed epoch, matched with the plan by step names.

#include <map>
#include <string>
#include <vector>

#include "base/waker.h"
#include "checkpoint/checkpoint.h"
#include "plan/plan.h"

namespace klein {

/// What a node needs to take snapshots and to go on from one.
struct Recovery {
  bool snapshots = false;                                                   // they are taken
  Waker on_snapshot;                                                        // woken when one is on its way, or complete
  std::map<std::string, std::vector<Batch>> in_flight;                      // by edge
  std::map<std::string, std::vector<Value>> states;                         // by step
  std::map<std::string, std::map<std::string, std::vector<Batch>>> tables;  // rows of states, by step and name
  Store* store = nullptr;
};

/// "decode>embed:0": what a step's input is called in snapshots.
std::string edge_name(const Plan& plan, int step, std::size_t port);

/// Loads what the epoch holds. `invalid`, with a list, where the plan has no place for some of it.
Result<Recovery> restore(const Checkpoint& checkpoint, const Manifest& manifest, const Plan& plan);

}  // namespace klein
