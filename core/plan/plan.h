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
  std::vector<Step> steps;                // each after its inputs
  std::vector<std::string> changes = {};  // what rules made of it, a line each, in order; empty as written

  /// The steps that read output of `step`, any port.
  std::vector<int> consumers(int step) const;
};

/// Checks the plan's shape and gives every step its schema; sources are opened to learn theirs.
Result<Plan> typed(Plan plan, const Registry& registry);

/// The second view: rules applied until none changes anything. The same rows come out of it.
Result<Plan> optimized(const Plan& plan, const Registry& registry);

/// Schemas on an edge's port: the errors port carries dead letters.
std::optional<Schema> schema_of(const Plan& plan, const Edge& edge);

std::string_view to_string(Port port);
/// "decode", or "decode.errors" for another port than main.
std::string output_name(const Plan& plan, const Edge& edge);
std::string to_text(const Plan& plan);
Value to_value(const Plan& plan);  // for to_json; docs/formats/plan.md
/// The plan that `to_value` wrote, or one written by hand. Objects of a process (functions, expressions that came as
/// such) are only named in JSON: refused, with the step.
Result<Plan> plan_from_json(std::string_view json, const Registry& registry);

}  // namespace klein
