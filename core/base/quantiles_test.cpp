#include "base/quantiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace klein {
namespace {

TEST(Quantiles, are_a_hundredth_from_the_exact_ones_wherever_numbers_were_added_up) {
  Random random(3);
  std::vector<double> numbers;
  Quantiles parts[3], all;
  for (int i = 0; i < 5000; ++i) {
    const auto size = std::exp(static_cast<double>(random.below(4000)) / 100 - 20);
    numbers.push_back(random.chance(40) ? -size : size);
    parts[i % 3].add(numbers.back());
  }
  for (const auto& part : parts) all.add(part);
  std::sort(numbers.begin(), numbers.end());
  ASSERT_EQ(all.count(), 5000);
  for (const double share : {0.0, 0.01, 0.3, 0.5, 0.9, 0.999, 1.0}) {
    const auto exact = numbers[static_cast<std::size_t>(share * 4999)];
    EXPECT_NEAR(all.quantile(share), exact, std::abs(exact) * 0.0101) << share;
  }
}

TEST(Quantiles, of_one_number_are_that_number) {
  for (const double number : {0.0, -3.25, 1e-320, 1.7e308}) {
    Quantiles one;
    one.add(number);
    EXPECT_EQ(one.quantile(0.5), number);
  }
}

}  // namespace
}  // namespace klein
