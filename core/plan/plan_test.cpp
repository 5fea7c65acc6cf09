#include "plan/plan.h"

#include "plan/rule_test.h"

namespace klein {
namespace {

std::string refusal(const std::string& steps) {
  const auto plan = plan_from_json(R"({"steps": [)" + steps + "]}", fake_kinds());
  return plan.ok() ? "accepted" : plan.error().text();
}

TEST(Plan, one_written_as_json_is_read_back_the_same) {
  const auto plan = plan_of_steps(R"(
      {"kind": "memory"},
      {"kind": "decode", "params": {"column": "b", "into": "x", "on_error": "dead_letter"}},
      {"kind": "rename", "params": {"columns": {"a": "object"}}},
      {"kind": "write"},
      {"kind": "append", "inputs": ["decode.errors"]})");
  const auto json = to_json(to_value(plan));
  const auto again = plan_from_json(json, fake_kinds());
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(to_json(to_value(*again)), json);
  EXPECT_EQ(again->steps[4].inputs, (std::vector{Edge{1, Port::errors}}));
  EXPECT_EQ(again->steps[4].inputs, plan.steps[4].inputs);
}

TEST(Plan, an_object_of_another_process_is_refused_by_name) {
  const auto plan = plan_of_steps(R"({"kind": "memory"},
      {"kind": "filter", "params": {"predicate": ["greater", {"column": "a"}, 3]}}, {"kind": "write"})");
  const auto again = plan_from_json(to_json(to_value(plan)), fake_kinds());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(
      again.error().text(),
      "step 'filter': 'predicate' holds (a > 3), an object of the process that wrote this plan; JSON only names it, "
      "so build the plan where the object is");
}

TEST(Plan, mistakes_in_json_are_told_with_the_step) {
  EXPECT_EQ(plan_from_json(R"({"stages": []})", fake_kinds()).error().text(),
            R"(a plan in JSON is {"steps": [...]}, not a mapping)");
  EXPECT_NE(refusal(R"({"name": "x"})").find("step 0 of the plan needs 'kind', a string"), std::string::npos);
  EXPECT_NE(refusal(R"({"kind": "memori"})").find("Did you mean 'memory'?"), std::string::npos);
  EXPECT_NE(refusal(R"({"kind": "memory", "input": []})").find("Did you mean 'inputs'?"), std::string::npos);
  EXPECT_NE(refusal(R"({"kind": "memory"}, {"kind": "write", "inputs": ["memry"]})")
                .find("step 'write': no step before it is named 'memry'. Did you mean 'memory'?"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"kind": "memory"}, {"kind": "limit", "inputs": ["memory"]})").find("step 'limit': 'count'"),
            std::string::npos);
}

TEST(Plan, its_shape_is_checked) {
  EXPECT_EQ(refusal(R"({"kind": "memory"}, {"kind": "memory"})"),
            "two steps are named 'memory'; a name is a step's identity, so change one");
  EXPECT_EQ(refusal(R"({"kind": "memory"}, {"kind": "write"})"), "step 'write': 'write' takes 1 input(s), not 0");
  EXPECT_EQ(
      refusal(R"({"kind": "memory"}, {"kind": "union"})"), "step 'union': 'union' takes at least 1 input(s), not 0");
  EXPECT_EQ(
      refusal(
          R"({"kind": "memory"}, {"kind": "write", "inputs": ["memory"]}, {"kind": "append", "inputs": ["write"]})"),
      "step 'append': nothing can follow the sink 'write'");
  EXPECT_EQ(refusal(R"({"kind": "memory"}, {"kind": "append", "inputs": ["memory.errors"]})"),
            "step 'append': 'memory' has no output 'errors'");
  EXPECT_EQ(refusal(R"({"kind": "memory", "name": "a.errors"})"),
            "step 'a.errors': a step's name can't end in '.errors' or '.late': so its outputs are called");
}

TEST(Plan, a_column_that_is_not_there_is_told_at_its_step) {
  const auto text =
      refusal(R"({"kind": "memory"}, {"kind": "select", "params": {"columns": ["aa"]}, "inputs": ["memory"]})");
  EXPECT_EQ(text.find("step 'select': "), 0U) << text;
}

TEST(Plan, the_errors_port_has_the_steps_input_and_what_went_wrong) {
  const auto plan = plan_of_steps(R"({"kind": "memory"}, {"kind": "decode", "params": {"column": "b", "into": "x"}})");
  EXPECT_EQ(
      schema_of(plan, {1, Port::errors})->text(),
      plan.steps[0].schema->text() + ", error: string, error_code: string, error_step: string, error_row: string");
}

}  // namespace
}  // namespace klein
