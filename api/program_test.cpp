#include "api/program.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

TEST(Program, RunsStepsThatAreChained) {
  const auto report =
      run(Program::source({"range", {{"count", 10}}}).then({"limit", {{"count", 3}}}).then({"discard", {}}));
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->rows_out, 3);
}

TEST(Program, TellsTheFirstMistakeWhenItIsRun) {
  const auto report =
      run(Program::source({"range", {{"count", 10}}}).then({"limti", {{"count", 3}}}).then({"discard", {}}));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::not_found);
}

}  // namespace
}  // namespace klein
