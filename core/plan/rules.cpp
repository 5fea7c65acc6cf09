#include "plan/rules.h"

#include <algorithm>

namespace klein {

int only_consumer(const Plan& plan, int step) {
  int consumer = -1;
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    for (const auto& edge : plan.steps[place].inputs) {
      if (edge.step != step) continue;
      if (consumer >= 0 || edge.port != Port::main) return -1;
      consumer = static_cast<int>(place);
    }
  }
  return consumer;
}

bool source_takes(const Plan& plan, int step, const Registry& registry, std::string_view parameter) {
  const auto* source = registry.find_source(plan.steps[static_cast<std::size_t>(step)].kind);
  return source && std::any_of(source->params.begin(), source->params.end(), [&](const Param& declared) {
           return declared.name == parameter;
         });
}

bool keeps_every_row(const Step& step, const Registry& registry) {
  const auto* kind = registry.find_operator(step.kind);
  return kind && kind->one_to_one && step.inputs.size() == 1 && kind->one_to_one(step.params);
}

Plan without(const Plan& plan, int step) {
  Plan rest{.steps = {}, .changes = plan.changes};
  const auto& input = plan.steps[static_cast<std::size_t>(step)].inputs.front();
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    if (static_cast<int>(place) == step) continue;
    auto kept = plan.steps[place];
    for (auto& edge : kept.inputs) {
      KLEIN_ASSERT(edge.step != step || edge.port == Port::main);
      if (edge.step == step) edge = input;
      if (edge.step > step) --edge.step;
    }
    rest.steps.push_back(std::move(kept));
  }
  return rest;
}

Plan swapped(const Plan& plan, int step, int reader) {
  KLEIN_ASSERT(only_consumer(plan, step) == reader);
  auto rewritten = plan;
  auto& first = rewritten.steps[static_cast<std::size_t>(step)];
  auto& second = rewritten.steps[static_cast<std::size_t>(reader)];
  rewritten.changes.push_back(second.name + " moved before " + first.name);
  std::swap(first.name, second.name);  // what a step is moves; the edges stay
  std::swap(first.kind, second.kind);
  std::swap(first.params, second.params);
  return rewritten;
}

Plan with_argument(const Plan& plan, int step, std::string_view parameter, Value value) {
  auto rewritten = plan;
  auto& changed = rewritten.steps[static_cast<std::size_t>(step)];
  changed.params = changed.params.with(parameter, std::move(value));
  changed.schema.reset();
  return rewritten;
}

}  // namespace klein
