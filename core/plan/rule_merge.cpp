#include "plan/rules.h"

namespace klein {

Rewritten merge_adjacent(const Plan& plan, const Registry& registry) {
  for (int step = 0; step < static_cast<int>(plan.steps.size()); ++step) {
    const auto& first = plan.steps[static_cast<std::size_t>(step)];
    const auto* kind = registry.find_operator(first.kind);
    const int next = only_consumer(plan, step);
    if (!kind || !kind->merge || next < 0) continue;
    const auto& second = plan.steps[static_cast<std::size_t>(next)];
    if (second.inputs.size() != 1) continue;
    const auto merged = kind->merge(first.params, second.kind, second.params);
    if (!merged) continue;
    auto rewritten = without(plan, next);
    auto& one = rewritten.steps[static_cast<std::size_t>(step)];
    one.params = *merged;
    one.name = first.name + "+" + second.name;  // both stay findable in metrics and reports
    return std::optional(std::move(rewritten));
  }
  return std::optional<Plan>();
}

}  // namespace klein
