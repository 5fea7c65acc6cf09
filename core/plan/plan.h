#pragma once
// Plan — the first two of the four views: the steps as written, and the same language rewritten by rules. A value.

#include <optional>
#include <string>
#include <vector>

#include "op/registry.h"

namespace klein {

/// An edge: the output port of an earlier step.
struct Edge {
  int step = 0;  // its place in Plan::steps
  Port port = Port::main;
  bool operator==(const Edge&) const = default;
};

struct Step {
  std::string name;  // unique in its plan: its identity in metrics and when state is restored
  std::string kind;
  Params params;
  std::vector<Edge> inputs;
  std::optional<Schema> schema;  // of its main output, where it is known before running
};

struct Plan {
  std::vector<Step> steps;  // each after its inputs

  /// The steps that read output of `step`, any port.
  std::vector<int> consumers(int step) const;
};

/// Gives every step a schema again, and checks it, after a rule changed the plan (or where it came from JSON).
Result<Plan> typed(Plan plan, const Registry& registry);

/// The second view: rules applied until none changes anything. The same rows come out of it.
Result<Plan> optimized(const Plan& plan, const Registry& registry);

/// Schemas on an edge's port: the errors port carries dead letters.
std::optional<Schema> schema_of(const Plan& plan, const Edge& edge);

std::string to_text(const Plan& plan);
Value to_value(const Plan& plan);  // for to_json
Result<Plan> plan_from_json(std::string_view json, const Registry& registry);

}  // namespace klein
