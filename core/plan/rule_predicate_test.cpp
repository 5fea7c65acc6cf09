#include "plan/rule_test.h"

namespace klein {
namespace {

constexpr auto read = R"({"kind": "read_table"},)";
constexpr auto on_a = R"({"kind": "filter", "params": {"predicate": ["greater", {"column": "a"}, 3]}},)";
constexpr auto fails = R"({"name": "fails", "kind": "filter", "params": {"predicate": ["greater",
                          ["divide", {"column": "a"}, {"column": "b"}], 3]}},)";
constexpr auto decode = R"({"kind": "decode", "params": {"column": "a", "into": "x"}},)";
constexpr auto write = R"({"kind": "write"})";

Plan pushed(const std::string& steps) { return after(push_predicate, plan_of_steps(steps)); }

TEST(PushPredicate, a_filter_passes_steps_that_keep_every_row_and_becomes_the_sources) {
  const auto plan = pushed(std::string(read) + decode + on_a + write);
  EXPECT_EQ(names_of(plan), "read_table decode write");
  EXPECT_EQ(argument(plan, 0, "filter"), "(a > 3)");
  EXPECT_EQ(
      plan.changes, (std::vector<std::string>{"filter moved before decode", "filter became the filter of read_table"}));
}

TEST(PushPredicate, a_filter_joins_one_that_the_source_has) {
  const auto plan = pushed(
      std::string(R"({"kind": "read_table", "params": {"filter": ["less", {"column": "a"}, 9]}},)") + on_a + write);
  EXPECT_EQ(argument(plan, 0, "filter"), "((a < 9) and (a > 3))");
}

TEST(PushPredicate, one_that_may_fail_does_not_join_another_since_both_are_evaluated_on_every_row) {
  EXPECT_EQ(names_of(pushed(std::string(read) + fails + write)), "read_table write");
  const auto plan = pushed(std::string(read) + on_a + fails + write);
  EXPECT_EQ(names_of(plan), "read_table fails write");
  EXPECT_EQ(argument(plan, 0, "filter"), "(a > 3)");
}

TEST(PushPredicate, a_filter_stays_behind_a_source_that_is_cut) {
  const auto plan = pushed(std::string(R"({"kind": "read_table", "params": {"limit": 9}},)") + on_a + write);
  EXPECT_EQ(names_of(plan), "read_table filter write");
}

TEST(PushPredicate, a_filter_stays_behind_what_makes_its_column) {
  const auto on_x = R"({"kind": "filter", "params": {"predicate": ["greater", {"column": "x"}, 3]}},)";
  EXPECT_EQ(names_of(pushed(std::string(read) + decode + on_x + write)), "read_table decode filter write");
}

TEST(PushPredicate, a_filter_stays_behind_a_step_that_gives_up_rows) {
  const auto skips = R"({"kind": "decode", "params": {"column": "b", "into": "x", "on_error": "skip"}},)";
  EXPECT_EQ(names_of(pushed(std::string(read) + skips + on_a + write)), "read_table decode filter write");
}

TEST(PushPredicate, a_filter_stays_behind_a_fork_a_limit_and_a_step_that_says_nothing_of_itself) {
  const auto fork = R"({"kind": "append", "inputs": ["read_table"]})";
  EXPECT_EQ(names_of(pushed(std::string(read) + on_a + write + "," + fork)), "read_table filter write append");
  const auto limit = R"({"kind": "limit", "params": {"count": 9}},)";
  EXPECT_EQ(names_of(pushed(std::string(read) + limit + on_a + write)), "read_table limit filter write");
  const auto opaque = R"({"kind": "opaque"},)";
  EXPECT_EQ(names_of(pushed(std::string(read) + opaque + on_a + write)), "read_table opaque filter write");
}

}  // namespace
}  // namespace klein
