#include "kind_test.h"

namespace klein {

void register_with_columns(Registry& registry);

namespace {

TEST(WithColumns, NamesTheColumnWhoseExpressionIsWrong) {
  const auto text = output_of(kind_from(register_with_columns),
                              R"({"columns": {"total": ["add", {"column": "prise"}, 1]}})", R"([{"price": 1}])");
  EXPECT_NE(text.find("column 'total'"), std::string::npos) << text;
  EXPECT_NE(text.find("Did you mean 'price'?"), std::string::npos) << text;
}

TEST(WithColumns, ComputesOverASliceOfABatch) {
  const auto rows = rows_from_json("[1, 2, 3, 4]")->slice(1, 2);
  const auto ran = run_operator(kind_from(register_with_columns),
                                map_from(R"({"columns": {"value": ["add", {"column": "value"}, 10]}})"), {{rows}});
  EXPECT_EQ(*rows_to_json(ran->rows), (std::vector<std::string>{"12", "13"}));
}

TEST(WithColumns, TakesInTheNextWhereNothingIsComputedTwice) {
  const auto kind = kind_from(register_with_columns);
  EXPECT_EQ(merged(kind, R"({"columns": {"b": {"column": "a"}}})", kind,
                   R"({"columns": {"c": ["add", {"column": "b"}, 1]}})"),
            R"-({"columns":{"b":{"object":"a"},"c":{"object":"add(a, 1)"}}})-");
  EXPECT_EQ(merged(kind, R"({"columns": {"b": ["add", {"column": "a"}, 1]}})", kind,
                   R"({"columns": {"c": ["add", {"column": "b"}, 1]}})"),
            "");
}

TEST(WithColumns, MergedReadsWhatTheFirstStepReplaced) {
  const auto kind = kind_from(register_with_columns);
  const auto first = params_of(kind, R"({"columns": {"a": {"column": "b"}}})");
  const auto both = *kind.merge(first, kind.name, params_of(kind, R"({"columns": {"c": {"column": "a"}, "a": 0}})"));
  EXPECT_EQ(output_of(kind, both.values(), {{R"([{"a": 1, "b": 2}])"}}), R"({"a":0,"b":2,"c":2})");
}

TEST(WithColumns, NarrowedComputesOnlyWhatIsWanted) {
  const auto kind = kind_from(register_with_columns);
  const auto params = params_of(kind, R"({"columns": {"x": {"column": "a"}, "y": {"column": "b"}}})");
  EXPECT_EQ(text_of(kind.required(params, {"x", "c"})), "a, b, c");
  EXPECT_EQ(text_of(kind.required(kind.narrow(params, {"x", "c"}), {"x", "c"})), "a, c");
}

}  // namespace
}  // namespace klein
