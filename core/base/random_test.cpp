#include "base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace klein {
namespace {

TEST(Random, a_seed_gives_the_same_sequence_on_every_machine) {
  Random random(0);  // the published first values of SplitMix64
  EXPECT_EQ(random.next(), 0xe220a8397b1dcdafU);
  EXPECT_EQ(random.next(), 0x6e789e6aa1b965f4U);
  EXPECT_EQ(random.next(), 0x06c45d188009454fU);
}

TEST(Random, below_reaches_every_value_and_no_other) {
  Random random(7);
  std::array<int, 5> seen{};
  for (int i = 0; i < 5000; ++i) ++seen.at(random.below(5));
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
}

TEST(Random, chance_is_a_percentage) {
  Random random(7);
  int hits = 0;
  for (int i = 0; i < 10000; ++i) {
    EXPECT_FALSE(random.chance(0));
    EXPECT_TRUE(random.chance(100));
    hits += random.chance(30);
  }
  EXPECT_NEAR(hits, 3000, 200);
}

}  // namespace
}  // namespace klein
