#include "plan/rule_test.h"

namespace klein {
namespace {

TEST(MergeAdjacent, joins_what_the_first_steps_row_offers_and_keeps_both_names) {
  const auto plan = after(merge_adjacent, plan_of_steps(R"(
      {"kind": "memory"},
      {"kind": "decode", "params": {"column": "a", "into": "x", "by": 2}},
      {"kind": "resize", "params": {"column": "x", "into": "x", "by": 3}},
      {"kind": "write"})"));
  EXPECT_EQ(names_of(plan), "memory decode+resize write");
  EXPECT_EQ(argument(plan, 1, "by"), "6");
  EXPECT_EQ(plan.steps[2].inputs, std::vector{Edge{1}});
  EXPECT_EQ(plan.changes, std::vector<std::string>{"decode and resize became one step"});
}

TEST(MergeAdjacent, leaves_a_step_that_somebody_else_reads_too) {
  const auto plan = after(merge_adjacent, plan_of_steps(R"(
      {"kind": "memory"},
      {"kind": "decode", "params": {"column": "a", "into": "x"}},
      {"kind": "resize", "params": {"column": "x", "into": "x"}},
      {"kind": "write"},
      {"kind": "append", "inputs": ["decode"]})"));
  EXPECT_EQ(names_of(plan), "memory decode resize write append");
}

TEST(MergeAdjacent, leaves_a_step_whose_dead_letters_are_read_since_they_would_be_other_rows) {
  const auto plan = after(merge_adjacent, plan_of_steps(R"(
      {"kind": "memory"},
      {"kind": "decode", "params": {"column": "a", "into": "x"}},
      {"kind": "resize", "params": {"column": "x", "into": "x"}},
      {"kind": "write"},
      {"kind": "append", "inputs": ["resize.errors"]})"));
  EXPECT_EQ(names_of(plan), "memory decode resize write append");
}

}  // namespace
}  // namespace klein
