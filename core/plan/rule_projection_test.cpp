#include "plan/rule_test.h"

namespace klein {
namespace {

constexpr auto read = R"({"kind": "read_table"},)";
constexpr auto decode = R"({"kind": "decode", "params": {"column": "a", "into": "x"}},)";
constexpr auto select_x = R"({"kind": "select", "params": {"columns": ["x"]}},)";
constexpr auto write = R"({"kind": "write"})";

Plan pushed(const std::string& steps) { return after(push_projection, plan_of_steps(steps)); }

TEST(PushProjection, a_source_reads_what_later_steps_need_and_what_the_sink_takes) {
  const auto plan = pushed(std::string(read) + decode + select_x + write);
  EXPECT_EQ(argument(plan, 0, "columns"), R"(["a"])");
  EXPECT_EQ(plan.changes, std::vector<std::string>{"read_table reads 1 of 4 columns: a"});
}

TEST(PushProjection, a_sink_takes_everything) {
  EXPECT_EQ(argument(pushed(std::string(read) + decode + write), 0, "columns"), "null");
}

TEST(PushProjection, what_is_dropped_is_not_read) {
  const auto plan = pushed(std::string(read) + R"({"kind": "drop", "params": {"columns": ["l", "c"]}},)" + write);
  EXPECT_EQ(argument(plan, 0, "columns"), R"(["a","b"])");
  EXPECT_EQ(plan.steps[1].schema->text(), "a: int64, b: int64");
}

TEST(PushProjection, a_column_that_nobody_reads_is_not_computed) {
  const auto plan = pushed(std::string(read) + R"(
      {"kind": "with_columns", "params": {"columns": {"sum": ["add", {"column": "a"}, {"column": "b"}],
                                                      "twice": ["add", {"column": "a"}, {"column": "a"}]}}},
      {"kind": "select", "params": {"columns": ["c", "twice"]}},)" +
                           write);
  EXPECT_EQ(argument(plan, 0, "columns"), R"(["a","c"])");
  EXPECT_EQ(plan.steps[1].schema->text(), "a: int64, c: string, twice: int64");
}

TEST(PushProjection, two_readers_get_what_both_need) {
  const auto plan = pushed(std::string(read) + decode + select_x + write + R"(,
      {"name": "other", "kind": "select", "params": {"columns": ["c"]}, "inputs": ["read_table"]}, {"kind": "append"})");
  EXPECT_EQ(argument(plan, 0, "columns"), R"(["a","c"])");
}

TEST(PushProjection, dead_letters_carry_all_that_their_step_read) {
  const auto plan = pushed(std::string(read) + decode + select_x + write + R"(,
      {"kind": "append", "inputs": ["decode.errors"]})");
  EXPECT_EQ(argument(plan, 0, "columns"), "null");
}

TEST(PushProjection, a_step_that_says_nothing_of_itself_needs_everything) {
  EXPECT_EQ(argument(pushed(std::string(read) + R"({"kind": "opaque"},)" + select_x + write), 0, "columns"), "null");
}

TEST(PushProjection, rows_of_which_no_column_is_needed_keep_one_that_survives) {
  const auto plan = pushed(std::string(read) + R"(
      {"kind": "drop", "params": {"columns": ["a"]}},
      {"kind": "with_columns", "params": {"columns": {"one": 1}}},
      {"kind": "select", "params": {"columns": ["one"]}},)" +
                           write);
  EXPECT_EQ(argument(plan, 0, "columns"), R"(["b"])");
}

TEST(PushProjection, a_step_whose_narrowing_would_let_a_column_pass_in_another_ones_place_stays_whole) {
  const auto plan = pushed(R"(
      {"kind": "memory"},
      {"kind": "rename", "params": {"columns": {"a": "z"}}},
      {"kind": "with_columns", "params": {"columns": {"a": ["add", {"column": "b"}, 1]}}},
      {"kind": "drop", "params": {"columns": ["z", "l"]}},)" +
                           std::string(write));
  EXPECT_EQ(plan.steps[3].schema->text(), "b: int64, c: string, a: int64");
  EXPECT_EQ(argument(plan, 1, "columns"), R"({"a":"z"})");
}

}  // namespace
}  // namespace klein
