#pragma once
// State — what a step remembers between two calls, as data: a value of the task's own, and rows by key. It is what
// snapshots hold; docs/formats/state.md says what the rows of the kinds look like.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/value.h"
#include "data/batch.h"

namespace klein {

struct State {
  State() = default;
  State(Value own) : value(std::move(own)) {}

  Value value = {};
  /// By name. Their first column is `group`, int32: the key group, by which rows find the task that has their key now.
  std::map<std::string, std::vector<Batch>> tables = {};
  /// The tables hold what has changed since the last time, and are to be kept behind what they held then.
  bool since_last = false;
  /// This state, as it is once `later` has been taken of the same step.
  void follow(State later);
  bool empty() const { return value.is_null() && tables.empty() && !since_last; }
};

}  // namespace klein
