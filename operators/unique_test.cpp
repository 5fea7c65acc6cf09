#include "streamed_test.h"

namespace klein {

void register_unique(Registry&);

namespace {

Streamed with_ttl(const std::string& ttl) {
  return {register_unique, R"({"columns": "k", "ttl": )" + ttl + "}", {"k: string, x: int64"}};
}

std::string row(const std::string& key, int x) { return R"({"k":")" + key + R"(","x":)" + std::to_string(x) + "}"; }
std::string one(const std::string& key, int x) { return "[" + row(key, x) + "]"; }

TEST(Unique, the_first_row_of_a_key_passes_at_once_and_the_others_do_not) {
  auto step = with_ttl("null");
  EXPECT_EQ(step.rows(one("a", 1)), row("a", 1));
  step.clock.time = 1000 * second;
  EXPECT_EQ(step.rows(R"([{"k": "a", "x": 2}, {"k": "b", "x": 3}, {"k": "b", "x": 4}])"), row("b", 3));
}

TEST(Unique, a_key_is_forgotten_when_its_time_is_over_by_the_clock) {
  auto step = with_ttl(R"("10s")");
  EXPECT_EQ(step.rows(one("a", 1)), row("a", 1));
  step.clock.time = 10 * second - 1;
  EXPECT_EQ(step.rows(one("a", 2)), "");
  step.clock.time = 10 * second;
  EXPECT_EQ(step.rows(one("a", 3)), row("a", 3));
  step.clock.time = 19 * second;
  EXPECT_EQ(step.rows(one("a", 4)), "");
}

TEST(Unique, what_is_left_of_a_key_s_time_goes_on_in_another_process_with_another_clock) {
  auto before = with_ttl(R"("10s")"), after = with_ttl(R"("10s")");
  before.rows(one("a", 1));
  before.clock.time = 4 * second;
  after.clock.time = 100 * second;
  after.restore(before.snapshot());
  after.clock.time = 106 * second - 1;
  EXPECT_EQ(after.rows(one("a", 2)), "");
  after.clock.time = 106 * second;
  EXPECT_EQ(after.rows(one("a", 3)), row("a", 3));
}

TEST(Unique, a_snapshot_holds_the_keys_that_are_remembered_and_no_others) {
  auto step = with_ttl(R"("1s")");
  for (int i = 0; i < 20'000; ++i) {
    step.clock.time += second / 100;
    step.rows(one("k" + std::to_string(i), i));
  }
  EXPECT_EQ(step.snapshot().tables.at("seen").front().rows(), 100);
}

TEST(Unique, a_key_that_is_never_forgotten_is_told_once_and_all_of_them_now_and_then) {
  auto step = with_ttl("null");
  step.rows(one("a", 1));
  auto all = step.snapshot();
  EXPECT_FALSE(all.since_last);
  int whole = 0;
  for (int i = 0; i < 600; ++i) {
    step.rows(one("k" + std::to_string(i), i));
    step.rows(one("a", i));
    auto later = step.snapshot();
    whole += later.since_last ? 0 : 1;
    EXPECT_EQ(later.tables.at("seen").front().rows(), later.since_last ? 1 : i + 2);
    all.follow(std::move(later));
  }
  EXPECT_EQ(whole, 2);
  EXPECT_TRUE(step.snapshot().tables.empty());
  auto restored = with_ttl("null");
  restored.restore(all);
  for (int i = 0; i < 600; ++i) EXPECT_EQ(restored.rows(one("k" + std::to_string(i), i)), "");
  EXPECT_EQ(restored.rows(one("a", 7)), "");
  EXPECT_EQ(restored.rows(one("b", 7)), row("b", 7));
}

}  // namespace
}  // namespace klein
