#include "plan/rules.h"

namespace klein {

namespace {

/// Whether the source does not know yet that no more than `count` rows are wanted.
bool may_tell(const Plan& plan, int source, std::int64_t count, const Registry& registry) {
  if (!source_takes(plan, source, registry, "limit")) return false;
  const auto* known = plan.steps[static_cast<std::size_t>(source)].params.value("limit").get<std::int64_t>();
  return !known || *known > count;
}

Plan told(const Plan& plan, int source, std::int64_t count) {
  auto rewritten = with_argument(plan, source, "limit", count);
  rewritten.changes.push_back(
      rewritten.steps[static_cast<std::size_t>(source)].name + " may end after " + std::to_string(count) + " rows");
  return rewritten;
}

}  // namespace

Rewritten push_limit(const Plan& plan, const Registry& registry) {
  for (int cut = 0; cut < static_cast<int>(plan.steps.size()); ++cut) {
    const auto& step = plan.steps[static_cast<std::size_t>(cut)];
    const auto* kind = registry.find_operator(step.kind);
    if (!kind || !kind->prefix) continue;
    const int before = step.inputs.front().step;
    if (only_consumer(plan, before) != cut) continue;
    const auto count = kind->prefix(step.params);
    if (may_tell(plan, before, count, registry)) return std::optional(told(plan, before, count));
    if (keeps_every_row(plan.steps[static_cast<std::size_t>(before)], registry)) {
      return std::optional(swapped(plan, before, cut));
    }
  }
  return std::optional<Plan>();
}

}  // namespace klein
