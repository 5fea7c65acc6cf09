#include <algorithm>

#include "plan/rules.h"

namespace klein {

namespace {

/// What each step's output is read for; nothing: all of it.
using Needs = std::vector<std::optional<Columns>>;

/// What `reader` needs of its input, given what is needed of its output.
std::optional<Columns> needed_by(const Step& reader, const std::optional<Columns>& wanted, const Registry& registry) {
  const auto* kind = registry.find_operator(reader.kind);
  if (!kind || !kind->required || reader.inputs.size() != 1) return std::nullopt;  // sinks, and kinds that do not say
  if (wanted) return kind->required(reader.params, *wanted);
  if (!reader.schema) return std::nullopt;
  const auto names = reader.schema->names();
  return kind->required(reader.params, Columns(names.begin(), names.end()));
}

Needs needs_of(const Plan& plan, const Registry& registry) {
  Needs needs(plan.steps.size(), Columns());
  for (auto place = plan.steps.size(); place-- > 0;) {
    const auto& reader = plan.steps[place];
    for (const auto& edge : reader.inputs) {
      auto& need = needs[static_cast<std::size_t>(edge.step)];
      // The errors port carries the step's whole input.
      auto own = edge.port == Port::main ? needed_by(reader, needs[place], registry) : std::nullopt;
      if (!own || !need) {
        need.reset();
      } else {
        need->merge(*own);
      }
    }
  }
  return needs;
}

}  // namespace

Rewritten push_projection(const Plan& plan, const Registry& registry) {
  const auto needs = needs_of(plan, registry);
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    const auto& source = plan.steps[place];
    if (!needs[place] || !source.schema || !source_takes(plan, static_cast<int>(place), registry, "columns")) continue;
    Value::List columns;  // in the order of the source
    for (const auto& name : source.schema->names()) {
      if (needs[place]->count(name) > 0) columns.emplace_back(name);
    }
    // A source read for no column at all still gives its rows: it keeps one.
    if (columns.empty()) columns.emplace_back(source.schema->names().front());
    if (static_cast<int>(columns.size()) >= source.schema->columns()) continue;
    auto rewritten = plan;
    rewritten.steps[place].params = source.params.with("columns", std::move(columns));
    return std::optional(std::move(rewritten));
  }
  return std::optional<Plan>();
}

}  // namespace klein
