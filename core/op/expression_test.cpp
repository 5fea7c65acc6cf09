#include "op/expression.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/expression.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "op/json_rows.h"

namespace klein {
namespace {

std::shared_ptr<const Expression> expression(std::string_view json) {
  auto made = Expression::from_json(*parse_json(json));
  EXPECT_TRUE(made.ok());
  return *made;
}

std::string evaluated(const Expression& expression, const Batch& batch) {
  const auto bound = BoundExpression::make(expression, batch.schema());
  if (!bound.ok()) return bound.error().message();
  const auto values = bound->evaluate(batch);
  return values.ok() ? (*values)->ToString() : values.error().message();
}

const Batch& prices() {
  static const auto rows = *rows_from_json(R"([{"price": 2, "name": "a"}, {"price": 5, "name": "b"}])");
  return rows;
}

TEST(Expression, ComputesOneValueARow) {
  EXPECT_EQ(evaluated(*expression(R"(["greater", {"column": "price"}, 3])"), prices()), "[\n  false,\n  true\n]");
  EXPECT_EQ(evaluated(*expression(R"({"column": "name"})"), prices()), "[\n  \"a\",\n  \"b\"\n]");
}

TEST(Expression, ALiteralIsTheSameForEveryRow) { EXPECT_EQ(evaluated(*expression("7"), prices()), "[\n  7,\n  7\n]"); }

TEST(Expression, ReadsAFieldWithinAStruct) {
  const auto rows = *rows_from_json(R"([{"size": {"width": 3}}, {"size": {"width": 4}}])");
  const auto wide = expression(R"(["greater", {"column": ["size", "width"]}, 3])");
  EXPECT_EQ(wide->columns(), std::vector<std::string>{"size"});
  EXPECT_EQ(evaluated(*wide, rows), "[\n  false,\n  true\n]");
}

TEST(Expression, AnUnknownColumnNamesTheNearest) {
  const auto message = evaluated(*expression(R"(["greater", {"column": "prise"}, 3])"), prices());
  EXPECT_NE(message.find("there is no column 'prise'. Did you mean 'price'?"), std::string::npos) << message;
}

TEST(Expression, TypesThatDoNotGoTogetherAreNamed) {
  const auto message = evaluated(*expression(R"(["add", {"column": "price"}, {"column": "name"}])"), prices());
  EXPECT_NE(message.find("'add' does not go with (int64, string)"), std::string::npos) << message;
}

TEST(Expression, AnUnknownFunctionNamesTheNearest) {
  const auto message = evaluated(*expression(R"(["graeter", {"column": "price"}, 3])"), prices());
  EXPECT_NE(message.find("there is no function 'graeter'"), std::string::npos) << message;
  EXPECT_NE(message.find("Did you mean 'greater'?"), std::string::npos) << message;
}

TEST(Expression, OneThatNeedsOtherRowsIsRefused) {
  const auto message = evaluated(*expression(R"(["cumulative_sum", {"column": "price"}])"), prices());
  EXPECT_NE(message.find("this one needs others"), std::string::npos) << message;
}

TEST(Expression, TheFirstRowThatCanNotBeComputedIsNamed) {
  const auto rows = rows_from_json(R"([{"b": 1}, {"b": 2}, {"b": 3}, {"b": 0}, {"b": 5}, {"b": 0}])")->slice(1, 5);
  const auto bound = BoundExpression::make(*expression(R"(["divide_checked", 6, {"column": "b"}])"), rows.schema());
  const auto values = bound->evaluate(rows);
  ASSERT_FALSE(values.ok());
  EXPECT_EQ(values.error().row(), "3");
  EXPECT_NE(values.error().message().find("divide by zero"), std::string::npos) << values.error().message();
}

TEST(Expression, SurvivesTheWayThroughBytes) {
  const auto price = expression(R"(["greater", {"column": "price"}, 3])");
  const auto bytes = *arrow::compute::Serialize(price->arrow());
  const auto read = Expression::deserialize(BytesView(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)->text(), price->text());
}

TEST(Expression, WhatIsNoExpressionSaysWhatOneIs) {
  const auto made = Expression::from_json(*parse_json(R"({"object": "price > 3"})"));
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message().find("an expression is a column"), std::string::npos);
}

TEST(Expression, SubstitutesDefinitionsForColumns) {
  const auto total = expression(R"(["multiply", {"column": "price"}, 2])");
  const auto large = expression(R"(["greater", {"column": "total"}, {"column": "price"}])");
  EXPECT_EQ(large->substitute({{"total", total}})->text(), "(multiply(price, 2) > price)");
}

TEST(Expression, BothIsTrueWhereEachIs) {
  const auto above = expression(R"(["greater", {"column": "price"}, 3])");
  const auto both = above->both(*expression(R"(["less", {"column": "price"}, 5])"));
  EXPECT_EQ(evaluated(*both, prices()), "[\n  false,\n  false\n]");
}

TEST(Expression, OnlyOneThatCanFailIsNotTotal) {
  EXPECT_TRUE(expression(R"(["or_kleene", ["is_null", {"column": "a"}], ["less", {"column": "b"}, 1]])")->total());
  EXPECT_FALSE(expression(R"(["less", ["divide", 1, {"column": "b"}], 1])")->total());
}

}  // namespace
}  // namespace klein
