#include <algorithm>

#include "plan/rules.h"

namespace klein {

namespace {

/// Whether a filter that reads `columns` may go before `step`: every row stays one row, and none of what the filter
/// reads is made there.
bool may_pass(const Step& step, const std::vector<std::string>& columns, const Registry& registry) {
  const auto* kind = registry.find_operator(step.kind);
  if (!kind || !kind->makes || !keeps_every_row(step, registry)) return false;
  const auto made = kind->makes(step.params);
  return std::none_of(columns.begin(), columns.end(), [&](const auto& column) { return made.contains(column); });
}

/// A source cuts by "limit" what its filter left, and evaluates all of its filter on every row.
bool may_join(const Plan& plan, int source, const Expression& predicate, const Registry& registry) {
  if (!source_takes(plan, source, registry, "filter")) return false;
  const auto& params = plan.steps[static_cast<std::size_t>(source)].params;
  if (source_takes(plan, source, registry, "limit") && !params.is_null("limit")) return false;
  return params.is_null("filter") || predicate.total();
}

Plan into_source(const Plan& plan, int source, int filter, const std::shared_ptr<const Expression>& predicate) {
  const auto& reads = plan.steps[static_cast<std::size_t>(source)];
  const auto before = reads.params.expression("filter");
  auto rewritten = with_argument(
      without(plan, filter), source, "filter", Value::Handle(before ? before->both(*predicate) : predicate));
  rewritten.changes.push_back(
      plan.steps[static_cast<std::size_t>(filter)].name + " became the filter of " + reads.name);
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
    if (only_consumer(plan, input.step) != filter) continue;
    if (may_join(plan, input.step, *predicate, registry)) {
      return std::optional(into_source(plan, input.step, filter, predicate));
    }
    if (may_pass(plan.steps[static_cast<std::size_t>(input.step)], predicate->columns(), registry)) {
      return std::optional(swapped(plan, input.step, filter));
    }
  }
  return std::optional<Plan>();
}

}  // namespace klein
