#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace klein {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return Error(Code::invalid, "odd: " + std::to_string(x));
  return x / 2;
}

Result<int> quarter(int x) { return KLEIN_TRY(half(KLEIN_TRY(half(x)))); }

Result<> check(int x) {
  KLEIN_TRY(quarter(x));
  return {};
}

struct Base {
  virtual ~Base() = default;
  virtual int number() const = 0;
};
struct Derived : Base {
  int number() const override { return 7; }
};

TEST(Result, holds_a_value_or_an_error) {
  EXPECT_TRUE(half(4).ok());
  EXPECT_EQ(*half(4), 2);
  ASSERT_FALSE(half(3).ok());
  EXPECT_EQ(half(3).error().message(), "odd: 3");
}

TEST(Result, try_gives_the_value_or_returns_the_error) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message(), "odd: 3");
  EXPECT_TRUE(check(8).ok());
  EXPECT_EQ(check(5).error().message(), "odd: 5");
}

TEST(Result, moves_what_cannot_be_copied) {
  const auto make = []() -> Result<std::unique_ptr<Base>> { return std::make_unique<Derived>(); };
  const auto number = [&]() -> Result<int> {
    const auto made = KLEIN_TRY(make());
    return made->number();
  };
  EXPECT_EQ(*number(), 7);
}

TEST(ResultDeathTest, a_value_that_is_not_there_ends_the_process) {
  EXPECT_DEATH(*half(3), "broken invariant: ok\\(\\)");
  EXPECT_DEATH((void)half(4).error(), "broken invariant: !ok\\(\\)");
  EXPECT_DEATH(*check(5), "broken invariant: ok\\(\\)");
}

}  // namespace
}  // namespace klein
