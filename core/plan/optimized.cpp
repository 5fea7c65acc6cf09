// The second view: the rules, one after the other, until none changes anything.

#include <map>

#include "plan/rules.h"

namespace klein {

namespace {

/// What each sink gets, where it is known.
std::map<std::string, std::optional<Schema>> taken_by_sinks(const Plan& plan, const Registry& registry) {
  std::map<std::string, std::optional<Schema>> taken;
  for (const auto& step : plan.steps) {
    if (registry.find_sink(step.kind)) taken[step.name] = schema_of(plan, step.inputs.front());
  }
  return taken;
}

}  // namespace

Result<Plan> optimized(const Plan& plan, const Registry& registry) {
  // Steps become fewer or narrower, or change places towards the sources, so an end comes; the bound catches two rules
  // that undo each other.
  const auto steps = plan.steps.size();
  const auto most_rounds = 10 + 2 * steps * steps;
  const auto taken = taken_by_sinks(plan, registry);
  auto current = plan;
  for (std::size_t round = 0; round < most_rounds; ++round) {
    bool changed = false;
    for (const auto rule : {merge_adjacent, push_predicate, push_limit, push_projection}) {
      if (auto rewritten = KLEIN_TRY(rule(current, registry))) {
        current = KLEIN_TRY(retyped(*std::move(rewritten), registry));
        changed = true;
      }
    }
    if (changed) continue;
    if (taken_by_sinks(current, registry) == taken) return current;
    return Error(Code::internal, "the optimiser changed the columns that a sink gets:\n" + to_text(current));
  }
  return Error(Code::internal, "the optimiser's rules do not come to an end on this plan:\n" + to_text(current));
}

}  // namespace klein
