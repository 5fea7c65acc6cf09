#include "base/clock.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

TEST(Clock, never_goes_back) {
  const SteadyClock clock;
  auto last = clock.now();
  for (int i = 0; i < 1000; ++i) {
    const auto now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, the_threads_cpu_time_grows_with_its_work_and_no_faster_than_time) {
  const SteadyClock clock;
  const auto began = clock.now();
  const auto used_before = thread_cpu_time();
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < 1'000'000; ++i) sum = sum + i;
  const auto used = thread_cpu_time() - used_before;
  EXPECT_GT(used, 0);
  EXPECT_LE(used, clock.now() - began + 1'000'000);  // the two clocks tick apart
}

}  // namespace
}  // namespace klein
