#include "runtime/step_size.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

constexpr std::int64_t milliseconds = 1'000'000;

TEST(StepSize, grows_fourfold_while_steps_are_fast) {
  StepSize size;
  const auto first = size.rows();
  size.took(first, 1000);
  EXPECT_EQ(size.rows(), 4 * first);
  for (int i = 0; i < 20; ++i) size.took(size.rows(), 1000);
  EXPECT_GE(size.rows(), 1 << 20);
}

TEST(StepSize, fits_slow_rows_into_the_target_after_one_step) {
  StepSize size;
  size.took(size.rows(), size.rows() * 10 * milliseconds);
  EXPECT_EQ(size.rows(), 10);
  size.took(10, 10 * 20 * milliseconds);
  EXPECT_EQ(size.rows(), 5);
}

TEST(StepSize, is_at_least_a_row) {
  StepSize size;
  size.took(1, 10'000 * milliseconds);
  EXPECT_EQ(size.rows(), 1);
  size.took(0, 0);
  EXPECT_EQ(size.rows(), 4);
}

}  // namespace
}  // namespace klein
