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

Plan without(const Plan& plan, int step) {
  Plan rest;
  const auto& input = plan.steps[static_cast<std::size_t>(step)].inputs.front();
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    if (static_cast<int>(place) == step) continue;
    auto kept = plan.steps[place];
    for (auto& edge : kept.inputs) {
      if (edge.step == step) edge = input;
      if (edge.step > step) --edge.step;
    }
    rest.steps.push_back(std::move(kept));
  }
  return rest;
}

}  // namespace klein
