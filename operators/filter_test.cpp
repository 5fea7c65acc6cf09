#include "kind_test.h"

namespace klein {

void register_filter(Registry& registry);

namespace {

TEST(Filter, WhatIsNotTrueOrFalseIsRefused) {
  EXPECT_EQ(
      output_of(kind_from(register_filter), R"({"predicate": ["add", {"column": "price"}, 1]})", R"([{"price": 1}])"),
      "a filter's expression must be true or false for each row; add(price, 1) is int64");
}

TEST(Filter, RowsKeepTheirNumbers) {
  const auto predicate = map_from(R"({"predicate": ["greater", {"column": "value"}, 1]})");
  const auto ran = *run_operator(kind_from(register_filter), predicate, {{*rows_from_json("[1, 2, 1, 4]")}});
  EXPECT_EQ(ran.rows[0].row_number(0), 1);
  EXPECT_EQ(ran.rows[0].row_number(1), 3);
}

TEST(Filter, TakesInTheNextOnlyWhereThatCanNotFail) {
  const auto kind = kind_from(register_filter);
  const auto not_zero = R"({"predicate": ["not_equal", {"column": "b"}, 0]})";
  const auto quotient = R"({"predicate": ["less", ["divide", 6, {"column": "b"}], 3]})";
  EXPECT_EQ(merged(kind, not_zero, kind, quotient), "");
  EXPECT_EQ(
      merged(kind, quotient, kind, not_zero), R"-({"predicate":{"object":"((divide(6, b) < 3) and (b != 0))"}})-");
}

TEST(Filter, NeedsTheColumnsOfItsExpression) {
  const auto kind = kind_from(register_filter);
  const auto params = params_of(kind, R"({"predicate": ["is_null", {"column": "b"}]})");
  EXPECT_EQ(text_of(kind.required(params, {"a"})), "a, b");
  EXPECT_EQ(kind.predicate(params)->text(), "is_null(b)");
}

}  // namespace
}  // namespace klein
