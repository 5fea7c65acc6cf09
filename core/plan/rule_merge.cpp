#include "plan/rules.h"

namespace klein {

namespace {

/// The step that reads nothing but `step`'s main output, alone, and of which only the main output is read; else -1.
int adjacent(const Plan& plan, int step) {
  const int next = only_consumer(plan, step);
  if (next < 0 || plan.steps[static_cast<std::size_t>(next)].inputs.size() != 1) return -1;
  for (const auto& reader : plan.steps) {
    for (const auto& edge : reader.inputs) {
      if (edge.step == next && edge.port != Port::main) return -1;  // its dead letters would be other rows
    }
  }
  return next;
}

}  // namespace

Rewritten merge_adjacent(const Plan& plan, const Registry& registry) {
  for (int step = 0; step < static_cast<int>(plan.steps.size()); ++step) {
    const auto& first = plan.steps[static_cast<std::size_t>(step)];
    const auto* kind = registry.find_operator(first.kind);
    const int next = kind && kind->merge ? adjacent(plan, step) : -1;
    if (next < 0) continue;
    const auto& second = plan.steps[static_cast<std::size_t>(next)];
    const auto merged = kind->merge(first.params, second.kind, second.params);
    if (!merged) continue;
    auto rewritten = without(plan, next);
    auto& one = rewritten.steps[static_cast<std::size_t>(step)];
    one.params = *merged;
    one.name = first.name + "+" + second.name;  // both stay findable in metrics and reports
    rewritten.changes.push_back(first.name + " and " + second.name + " became one step");
    return std::optional(std::move(rewritten));
  }
  return std::optional<Plan>();
}

}  // namespace klein
