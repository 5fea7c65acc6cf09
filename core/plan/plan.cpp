#include "plan/plan.h"

#include <algorithm>
#include <set>

#include "op/dead_letter.h"
#include "plan/rules.h"

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
  if (edge.port == Port::main) return step.schema;
  // Late rows are the step's input, or of several inputs what it would have made of them alone; dead letters are the
  // input with what went wrong.
  if (edge.port == Port::late && step.inputs.size() > 1) return step.schema;
  auto input = step.inputs.empty() ? std::nullopt : schema_of(plan, step.inputs.front());
  if (edge.port == Port::late) return input;
  return input ? std::optional(dead_letter_schema(*input)) : std::nullopt;
}

namespace {

/// Sources have no input, sinks one, operators as many as their kind says.
Result<> check_inputs(const Step& step, const Registry& registry) {
  const auto given = static_cast<int>(step.inputs.size());
  int wanted = registry.find_sink(step.kind) ? 1 : 0;
  if (const auto* kind = registry.find_operator(step.kind)) wanted = kind->inputs;
  if (wanted < 0 ? given > 0 : given == wanted) return {};
  return Error(Code::invalid, "'" + step.kind + "' takes " + (wanted < 0 ? "at least 1" : std::to_string(wanted)) +
                                  " input(s), not " + std::to_string(given));
}

/// An input is an output that an earlier step has.
Result<> check_edge(const Plan& plan, std::size_t place, const Edge& edge, const Registry& registry) {
  if (edge.step < 0 || edge.step >= static_cast<int>(place)) {
    return Error(Code::invalid, "it reads a step that does not come before it");
  }
  const auto& input = plan.steps[static_cast<std::size_t>(edge.step)];
  if (registry.find_sink(input.kind)) return Error(Code::invalid, "nothing can follow the sink '" + input.name + "'");
  if (edge.port == Port::main) return {};
  const auto* kind = registry.find_operator(input.kind);
  if (kind && std::find(kind->ports.begin(), kind->ports.end(), edge.port) != kind->ports.end()) return {};
  return Error(Code::invalid, "'" + input.name + "' has no output '" + std::string(to_string(edge.port)) + "'");
}

bool sends_dead_letters(const Step& step) {
  const auto& given = step.params.values();
  return std::any_of(given.begin(), given.end(), [](const std::pair<std::string, Value>& argument) {
    const auto* mode = argument.second.get<std::string>();
    return argument.first == "on_error" && mode && *mode == "dead_letter";
  });
}

bool reads_errors(const Plan& plan, int step) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& reader) {
    return std::find(reader.inputs.begin(), reader.inputs.end(), Edge{step, Port::errors}) != reader.inputs.end();
  });
}

bool commits(const Step& step, const Registry& registry) {
  const auto* sink = registry.find_sink(step.kind);
  return sink && sink->committer;
}

/// What is written for good lacks no rows that nobody sees; where all is looked at and forgotten, some may be.
Result<> check_dead_letters(const Plan& plan, const Registry& registry) {
  const auto& steps = plan.steps;
  if (std::none_of(steps.begin(), steps.end(), [&](const Step& step) { return commits(step, registry); })) return {};
  for (std::size_t place = 0; place < steps.size(); ++place) {
    if (!sends_dead_letters(steps[place]) || reads_errors(plan, static_cast<int>(place))) continue;
    return Error(Code::invalid,
                 "on_error=\"dead_letter\" sends rows that fail to an output that nothing in this job reads; take "
                 ".split_errors() and run both flows in one job, or give on_error=\"skip\"")
        .at_step(steps[place].name);
  }
  return {};
}

Result<> check_step(const Plan& plan, std::size_t place, const Registry& registry) {
  const auto& step = plan.steps[place];
  KLEIN_TRY(registry.params(step.kind));
  if (step.name.ends_with(".errors") || step.name.ends_with(".late")) {
    return Error(Code::invalid, "a step's name can't end in '.errors' or '.late': so its outputs are called");
  }
  KLEIN_TRY(check_inputs(step, registry));
  for (const auto& edge : step.inputs) KLEIN_TRY(check_edge(plan, place, edge, registry));
  return {};
}

Result<std::optional<Schema>> schema_of_step(const Plan& plan, const Step& step, const Registry& registry) {
  if (const auto* source = registry.find_source(step.kind)) {
    return step.schema ? step.schema : std::optional(KLEIN_TRY(source->make(step.params))->schema());
  }
  const auto* kind = registry.find_operator(step.kind);
  if (!kind) return std::optional<Schema>();
  Schemas inputs;
  for (const auto& edge : step.inputs) inputs.push_back(schema_of(plan, edge));
  return kind->schema(step.params, inputs);
}

}  // namespace

std::string_view to_string(Port port) { return port == Port::main ? "main" : port == Port::late ? "late" : "errors"; }

Result<Plan> typed(Plan plan, const Registry& registry) {
  for (auto& step : plan.steps) step.schema.reset();
  auto made = KLEIN_TRY(retyped(std::move(plan), registry));
  KLEIN_TRY(check_dead_letters(made, registry));
  return made;
}

Result<Plan> retyped(Plan plan, const Registry& registry) {
  std::set<std::string> names;
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    auto& step = plan.steps[place];
    if (!names.insert(step.name).second) {
      return Error(
          Code::invalid, "two steps are named '" + step.name + "'; a name is a step's identity, so change one");
    }
    if (auto fine = check_step(plan, place, registry); !fine.ok()) return std::move(fine).error().at_step(step.name);
    auto schema = schema_of_step(plan, step, registry);
    if (!schema.ok()) return std::move(schema).error().at_step(step.name);
    step.schema = *std::move(schema);
  }
  return plan;
}

}  // namespace klein
