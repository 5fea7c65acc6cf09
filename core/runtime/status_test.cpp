#include "runtime/status.h"

#include <gtest/gtest.h>

#include "runtime/metrics.h"

namespace klein {
namespace {

Stats counted(double seconds, std::int64_t rows, double busy, double back_pressured) {
  Stats stats;
  stats.seconds = seconds;
  stats.rows_in = rows;
  stats.steps = {{.name = "step", .kind = "map"}};
  stats.steps[0].busy_seconds = busy;
  stats.steps[0].back_pressured_seconds = back_pressured;
  stats.steps[0].tasks = 2;
  return stats;
}

Status now(const Stats& earlier, const Stats& later) {
  Status status;
  static_cast<Stats&>(status) = later;
  compare(earlier, status);
  return status;
}

TEST(Status, tells_what_the_last_seconds_were_spent_on) {
  const auto status = now(counted(10, 1000, 5, 1), counted(14, 3000, 7, 5));
  EXPECT_DOUBLE_EQ(status.rows_per_second, 500);
  ASSERT_EQ(status.shares.size(), 1U);
  EXPECT_DOUBLE_EQ(status.shares[0].busy, .25);  // two of the eight seconds that two tasks had
  EXPECT_DOUBLE_EQ(status.shares[0].back_pressured, .5);
  EXPECT_DOUBLE_EQ(status.shares[0].idle, .25);
}

TEST(Status, has_shares_that_sum_to_one_whenever_it_was_looked_at) {
  for (const double busy : {0., 3., 9.}) {
    for (const double back_pressured : {0., 4., 20.}) {
      const auto shares = now(counted(1, 0, 0, 0), counted(5, 0, busy, back_pressured)).shares.at(0);
      EXPECT_DOUBLE_EQ(shares.busy + shares.back_pressured + shares.idle, 1);
      EXPECT_GE(shares.idle, 0);
    }
  }
  EXPECT_EQ(now(counted(1, 0, 0, 0), counted(1, 0, 0, 0)).shares.at(0).idle, 1);
}

TEST(Status, says_how_late_a_watermark_is_and_nothing_where_there_is_none) {
  auto status = now({}, counted(1, 0, 0, 0));
  const auto first_step = [&] { return to_value(status, 5'000'000'000).find("steps")->get<Value::List>()->front(); };
  EXPECT_TRUE(first_step().find("watermark")->is_null());
  EXPECT_TRUE(first_step().find("watermark_delay")->is_null());
  status.steps[0].watermark = 3'000'000'000;
  EXPECT_EQ(*first_step().find("watermark_delay")->get<double>(), 2);
}

TEST(Task, counts_the_time_in_which_it_could_not_go_on) {
  TaskMetrics metrics;
  metrics.held_back_since = 10;
  EXPECT_EQ(up_to(25, metrics.held_back, metrics.held_back_since), 15);  // it goes on while somebody looks
  metrics.go_on(30);
  EXPECT_EQ(up_to(90, metrics.held_back, metrics.held_back_since), 20);
}

}  // namespace
}  // namespace klein
