#include <algorithm>

#include "plan/rules.h"

namespace klein {

namespace {

/// Whether a filter that reads `columns` may go before `step`: every row stays one row, and none of what the filter
/// reads is made there.
bool may_pass(const Step& step, const OperatorKind& kind, const std::vector<std::string>& columns) {
  if (!kind.one_to_one || !kind.makes || !kind.one_to_one(step.params) || step.inputs.size() != 1) return false;
  const auto made = kind.makes(step.params);
  return std::none_of(columns.begin(), columns.end(), [&](const auto& column) { return made.count(column) > 0; });
}

std::optional<Plan> into_source(const Plan& plan, int source, int filter, const Expression& predicate) {
  auto rewritten = without(plan, filter);
  auto& reads = rewritten.steps[static_cast<std::size_t>(source)];
  const auto before = reads.params.expression("filter");
  const auto both = before ? before->both(predicate) : std::make_shared<const Expression>(predicate);
  reads.params = reads.params.with("filter", Value::Handle(both));
  return rewritten;
}

/// The filter and the step before it change places: parameters and kind move, the edges stay.
Plan swapped(const Plan& plan, int before, int filter) {
  auto rewritten = plan;
  auto& first = rewritten.steps[static_cast<std::size_t>(before)];
  auto& second = rewritten.steps[static_cast<std::size_t>(filter)];
  std::swap(first.name, second.name);
  std::swap(first.kind, second.kind);
  std::swap(first.params, second.params);
  return rewritten;
}

}  // namespace

Rewritten push_predicate(const Plan& plan, const Registry& registry) {
  for (int filter = 0; filter < static_cast<int>(plan.steps.size()); ++filter) {
    const auto& step = plan.steps[static_cast<std::size_t>(filter)];
    const auto* kind = registry.find_operator(step.kind);
    const auto predicate = kind && kind->predicate ? kind->predicate(step.params) : nullptr;
    if (!predicate) continue;
    const auto& input = step.inputs.front();
    if (input.port != Port::main || only_consumer(plan, input.step) != filter) continue;
    if (source_takes(plan, input.step, registry, "filter")) {
      return into_source(plan, input.step, filter, *predicate);
    }
    const auto& before = plan.steps[static_cast<std::size_t>(input.step)];
    const auto* before_kind = registry.find_operator(before.kind);
    if (before_kind && may_pass(before, *before_kind, predicate->columns())) {
      return std::optional(swapped(plan, input.step, filter));
    }
  }
  return std::optional<Plan>();
}

}  // namespace klein
