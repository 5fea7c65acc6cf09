#pragma once
// What the tests of rules share: a plan from its steps in JSON, and a plan in a line.

#include <gtest/gtest.h>

#include "base/text.h"
#include "plan/fake_kinds_test.h"
#include "plan/rules.h"

namespace klein {

/// Steps without "inputs" read the one before; names are kinds unless given.
inline Plan plan_of_steps(const std::string& steps) {
  auto list = *parse_json("[" + steps + "]")->get<Value::List>();
  Value previous;
  for (auto& step : list) {
    auto map = *step.get<Value::Map>();
    if (!step.find("inputs") && !previous.is_null()) map.emplace_back("inputs", Value::List{previous});
    previous = step.find("name") ? *step.find("name") : *step.find("kind");
    step = std::move(map);
  }
  auto plan = plan_from_json(to_json(Value::Map{{"steps", std::move(list)}}), fake_kinds());
  EXPECT_TRUE(plan.ok()) << (plan.ok() ? "" : plan.error().text());
  return plan.ok() ? *plan : Plan();
}

inline std::string names_of(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& step : plan.steps) names.push_back(step.name);
  return join(names, " ");
}

/// The plan after the rule did all it can.
template <typename Rule>
Plan after(Rule rule, Plan plan) {
  while (true) {
    auto rewritten = rule(plan, fake_kinds());
    EXPECT_TRUE(rewritten.ok()) << (rewritten.ok() ? "" : rewritten.error().text());
    if (!rewritten.ok() || !*rewritten) return plan;
    auto typed_again = retyped(**std::move(rewritten), fake_kinds());
    EXPECT_TRUE(typed_again.ok()) << (typed_again.ok() ? "" : typed_again.error().text());
    if (!typed_again.ok()) return plan;
    plan = *std::move(typed_again);
  }
}

inline std::string argument(const Plan& plan, std::size_t step, std::string_view name) {
  const auto& value = plan.steps[step].params.value(name);
  const auto* object = value.get<Value::Handle>();
  return object ? (*object)->text() : to_json(value);
}

}  // namespace klein
