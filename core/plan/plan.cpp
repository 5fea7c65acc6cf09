#include "plan/plan.h"

#include <set>

#include "op/dead_letter.h"

namespace klein {

std::vector<int> Plan::consumers(int step) const {
  std::vector<int> found;
  for (std::size_t place = 0; place < steps.size(); ++place) {
    for (const auto& edge : steps[place].inputs) {
      if (edge.step == step && (found.empty() || found.back() != static_cast<int>(place))) {
        found.push_back(static_cast<int>(place));
      }
    }
  }
  return found;
}

std::optional<Schema> schema_of(const Plan& plan, const Edge& edge) {
  const auto& step = plan.steps[static_cast<std::size_t>(edge.step)];
  if (edge.port != Port::errors) return step.schema;
  // Dead letters are the step's input with what went wrong.
  const auto input = step.inputs.empty() ? std::nullopt : schema_of(plan, step.inputs.front());
  return input ? std::optional(dead_letter_schema(*input)) : std::nullopt;
}

namespace {

Result<std::optional<Schema>> schema_of_step(const Plan& plan, const Step& step, const Registry& registry) {
  Schemas inputs;
  for (const auto& edge : step.inputs) inputs.push_back(schema_of(plan, edge));
  if (const auto* source = registry.find_source(step.kind)) {
    return std::optional(KLEIN_TRY(source->make(step.params))->schema());
  }
  if (const auto* kind = registry.find_operator(step.kind)) return kind->schema(step.params, inputs);
  if (registry.find_sink(step.kind)) return std::optional<Schema>();
  return Error(Code::not_found, "there is no kind '" + step.kind + "'");
}

}  // namespace

Result<Plan> typed(Plan plan, const Registry& registry) {
  std::set<std::string> names;
  for (auto& step : plan.steps) {
    if (!names.insert(step.name).second) {
      return Error(
          Code::invalid, "two steps are named '" + step.name + "'; a name is a step's identity, so change one");
    }
    auto schema = schema_of_step(plan, step, registry);
    if (!schema.ok()) return std::move(schema).error().at_step(step.name);
    step.schema = *std::move(schema);
  }
  return plan;
}

}  // namespace klein
