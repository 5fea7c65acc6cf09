#include "plan/rules.h"

namespace klein {

Result<Plan> optimized(const Plan& plan, const Registry& registry) {
  // Each rule narrows or moves towards the sources, so a fixed point comes soon; the bound catches two rules that
  // disagree.
  constexpr int most_rounds = 100;
  auto current = plan;
  for (int round = 0; round < most_rounds; ++round) {
    bool changed = false;
    for (const auto rule : {merge_adjacent, push_predicate, push_limit, push_projection}) {
      if (auto rewritten = KLEIN_TRY(rule(current, registry))) {
        current = KLEIN_TRY(typed(*std::move(rewritten), registry));
        changed = true;
      }
    }
    if (!changed) return current;
  }
  return Error(Code::internal, "the optimiser's rules do not come to an end on this plan");
}

}  // namespace klein
