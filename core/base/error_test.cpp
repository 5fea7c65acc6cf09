#include "base/error.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

TEST(Error, says_where_and_what) {
  EXPECT_EQ(Error(Code::io, "disk full").text(), "disk full");
  EXPECT_EQ(Error(Code::io, "disk full").at_step("write").text(), "step 'write': disk full");
  EXPECT_EQ(Error(Code::io, "disk full").at_row("a:7").text(), "row a:7: disk full");
  EXPECT_EQ(Error(Code::io, "disk full").at_row("a:7").at_step("write").text(), "step 'write', row a:7: disk full");
}

TEST(Error, the_innermost_name_wins) {
  const auto error = Error(Code::invalid, "no").at_step("inner").at_row("1").at_step("outer").at_row("2");
  EXPECT_EQ(error.step(), "inner");
  EXPECT_EQ(error.row(), "1");
}

TEST(Error, what_was_being_done_comes_before_the_message) {
  const auto error = Error(Code::not_found, "no such file").while_doing("opening a.parquet").while_doing("reading");
  EXPECT_EQ(error.message(), "reading: opening a.parquet: no such file");
  EXPECT_EQ(error.code(), Code::not_found);
}

TEST(Error, context_added_to_a_copy_leaves_the_other_as_it_was) {
  const Error first(Code::user, "raised");
  auto copy = first;
  const auto second = std::move(copy).at_step("map").while_doing("calling").because(std::make_shared<int>(3));
  EXPECT_EQ(first.text(), "raised");
  EXPECT_EQ(first.cause(), nullptr);
  EXPECT_EQ(second.text(), "step 'map': calling: raised");
  EXPECT_EQ(*std::static_pointer_cast<int>(second.cause()), 3);
}

TEST(Error, every_code_has_a_name_of_its_own) {
  EXPECT_EQ(to_string(Code::user), "user");
  EXPECT_EQ(to_string(Code::not_found), "not_found");
  EXPECT_EQ(to_string(Code::internal), "internal");
}

}  // namespace
}  // namespace klein
