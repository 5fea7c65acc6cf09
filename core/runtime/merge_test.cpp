#include "runtime/merge.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

TEST(Merge, passes_on_the_lowest_watermark_once_it_rises) {
  Merge merge(2);
  EXPECT_FALSE(merge.on_watermark(0, {10}));
  EXPECT_EQ(merge.on_watermark(1, {5}), Watermark{5});
  EXPECT_FALSE(merge.on_watermark(0, {20}));
  EXPECT_EQ(merge.on_watermark(1, {15}), Watermark{15});
}

TEST(Merge, ignores_a_watermark_that_goes_back) {
  Merge merge(1);
  EXPECT_EQ(merge.on_watermark(0, {10}), Watermark{10});
  EXPECT_FALSE(merge.on_watermark(0, {9}));
  EXPECT_FALSE(merge.on_watermark(0, {10}));
}

TEST(Merge, ends_only_when_every_input_has_ended_and_an_ended_one_holds_nothing_back) {
  Merge merge(2);
  EXPECT_FALSE(merge.on_watermark(0, Watermark::end()));
  EXPECT_EQ(merge.on_watermark(1, {3}), Watermark{3});
  EXPECT_FALSE(merge.ended());
  EXPECT_EQ(merge.on_watermark(1, Watermark::end()), Watermark::end());
  EXPECT_TRUE(merge.ended());
}

TEST(Merge, an_idle_input_holds_nothing_back_and_while_all_are_idle_time_stands_still) {
  Merge merge(2);
  EXPECT_FALSE(merge.on_watermark(0, {10}));
  EXPECT_EQ(merge.on_watermark(1, {.time = 3, .idle = true}), Watermark{10});
  EXPECT_EQ(merge.on_watermark(0, {.time = 10, .idle = true}), (Watermark{.time = 10, .idle = true}));
  EXPECT_EQ(merge.on_watermark(1, {.time = 12}), Watermark{12});
  EXPECT_FALSE(merge.ended());
}

TEST(Merge, has_come_as_far_as_the_furthest_input_once_all_are_idle) {
  Merge merge(2);
  EXPECT_FALSE(merge.on_watermark(0, {20}));
  EXPECT_EQ(merge.on_watermark(1, {5}), Watermark{5});
  EXPECT_FALSE(merge.on_watermark(0, {.time = 20, .idle = true}));
  EXPECT_EQ(merge.on_watermark(1, {.time = 5, .idle = true}), (Watermark{.time = 20, .idle = true}));
  EXPECT_EQ(merge.on_watermark(1, {.time = 6}), Watermark{20});
}

TEST(Merge, ended_and_idle_is_not_ended) {
  Merge merge(2);
  EXPECT_FALSE(merge.on_watermark(0, Watermark::end()));
  EXPECT_TRUE(merge.on_watermark(1, {.time = 3, .idle = true})->idle);
  EXPECT_FALSE(merge.ended());
}

}  // namespace
}  // namespace klein
