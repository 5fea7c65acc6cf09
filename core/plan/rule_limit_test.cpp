#include "plan/rule_test.h"

namespace klein {
namespace {

constexpr auto read = R"({"kind": "read_table"},)";
constexpr auto decode = R"({"kind": "decode", "params": {"column": "a", "into": "x"}},)";
constexpr auto five = R"({"kind": "limit", "params": {"count": 5}},)";
constexpr auto write = R"({"kind": "write"})";

Plan pushed(const std::string& steps) { return after(push_limit, plan_of_steps(steps)); }

TEST(PushLimit, a_limit_goes_before_steps_that_keep_every_row_and_tells_the_source) {
  const auto plan = pushed(std::string(read) + decode + five + write);
  EXPECT_EQ(names_of(plan), "read_table limit decode write");
  EXPECT_EQ(argument(plan, 0, "limit"), "5");
  EXPECT_EQ(argument(plan, 1, "count"), "5") << "the step stays, since it counts over all readers";
  EXPECT_EQ(plan.changes, (std::vector<std::string>{"limit moved before decode", "read_table may end after 5 rows"}));
}

TEST(PushLimit, the_smaller_limit_holds) {
  const auto told = [](int known) {
    return argument(
        pushed(R"({"kind": "read_table", "params": {"limit": )" + std::to_string(known) + "}}," + five + write), 0,
        "limit");
  };
  EXPECT_EQ(told(3), "3");
  EXPECT_EQ(told(8), "5");
}

TEST(PushLimit, a_limit_stays_behind_a_step_that_drops_or_makes_rows) {
  for (const std::string step :
       {R"({"kind": "filter", "params": {"predicate": ["greater", {"column": "a"}, 3]}},)",
        R"({"kind": "explode", "params": {"column": "l"}},)",
        R"({"kind": "decode", "params": {"column": "b", "into": "x", "on_error": "skip"}},)",
        R"({"kind": "opaque"},)"}) {
    const auto before = plan_of_steps(read + step + five + write);
    EXPECT_EQ(names_of(after(push_limit, before)), names_of(before));
  }
}

TEST(PushLimit, a_fork_is_not_cut) {
  const auto plan = pushed(std::string(read) + five + write + R"(,{"kind": "append", "inputs": ["read_table"]})");
  EXPECT_EQ(argument(plan, 0, "limit"), "null");
}

}  // namespace
}  // namespace klein
