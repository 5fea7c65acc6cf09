#include "plan/rules.h"

namespace klein {

namespace {

/// The source that this step reads through steps that make one row of each, or -1.
int source_before(const Plan& plan, int step, const Registry& registry) {
  while (true) {
    const auto& inputs = plan.steps[static_cast<std::size_t>(step)].inputs;
    if (inputs.empty()) return step;
    if (inputs.size() != 1 || inputs.front().port != Port::main) return -1;
    const int before = inputs.front().step;
    if (only_consumer(plan, before) != step) return -1;
    const auto& input = plan.steps[static_cast<std::size_t>(before)];
    const auto* kind = registry.find_operator(input.kind);
    if (kind && !(kind->one_to_one && kind->one_to_one(input.params))) return -1;
    step = before;
  }
}

}  // namespace

Rewritten push_limit(const Plan& plan, const Registry& registry) {
  for (int step = 0; step < static_cast<int>(plan.steps.size()); ++step) {
    const auto& cut = plan.steps[static_cast<std::size_t>(step)];
    const auto* kind = registry.find_operator(cut.kind);
    if (!kind || !kind->prefix) continue;
    const int source = source_before(plan, step, registry);
    if (source < 0 || !source_takes(plan, source, registry, "limit")) continue;
    const auto& before = plan.steps[static_cast<std::size_t>(source)].params.value("limit");
    const auto count = kind->prefix(cut.params);
    if (const auto* known = before.get<std::int64_t>(); known && *known <= count) continue;
    auto rewritten = plan;
    auto& reads = rewritten.steps[static_cast<std::size_t>(source)];
    reads.params = reads.params.with("limit", count);
    return std::optional(std::move(rewritten));
  }
  return std::optional<Plan>();
}

}  // namespace klein
