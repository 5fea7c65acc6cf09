#include "operators/time_queue.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace klein {
namespace {

TEST(TimeQueue, gives_the_earliest_row_whatever_order_they_come_in) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    TimeQueue queue;
    std::multiset<TimedRow> wanted;
    const auto disorder = random.chance(30) ? 1 : 1 + random.below(3000);
    for (std::int64_t row = 0; row < 20'000; ++row) {
      const TimedRow timed{row + static_cast<std::int64_t>(random.below(disorder)), row};
      queue.push(timed);
      wanted.insert(timed);
      for (auto left = random.chance(5) ? random.below(40) : 0; left > 0 && !wanted.empty(); --left) {
        ASSERT_EQ(*queue.front(), *wanted.begin()) << "seed " << seed;
        queue.pop();
        wanted.erase(wanted.begin());
      }
      ASSERT_EQ(queue.size(), wanted.size());
    }
    EXPECT_EQ(queue.numbers().size(), wanted.size());
    for (const auto& row : queue.take_all()) EXPECT_EQ(wanted.erase(row), 1U);
    EXPECT_TRUE(wanted.empty());
    EXPECT_EQ(queue.front(), nullptr);
  }
}

}  // namespace
}  // namespace klein
