#include "op/params.h"

#include <gtest/gtest.h>

#include "op/expression.h"

namespace klein {
namespace {

const std::vector<Param>& declared() {
  static const std::vector<Param> all = {
      {.name = "count", .type = ParamType::int64, .doc = "How many rows."},
      {.name = "columns", .type = ParamType::strings, .doc = "Which columns.", .fallback = Value(Value::List{})},
      {.name = "mean", .type = ParamType::numbers, .doc = "What to subtract.", .fallback = Value()},
      {.name = "where", .type = ParamType::expression, .doc = "Which rows.", .fallback = Value(true)},
      {.name = "mode",
       .type = ParamType::string,
       .doc = "How.",
       .fallback = Value("error"),
       .choices = {"error", "append"}},
  };
  return all;
}

std::string error_of(std::string_view given) {
  const auto params = Params::make(declared(), *parse_json(given)->get<Value::Map>());
  return params.ok() ? "" : params.error().message();
}

TEST(Params, HoldWhatWasGivenAndTheDefaultsOfTheRest) {
  const auto params = *Params::make(declared(), {{"count", 3}, {"columns", "id"}});
  EXPECT_EQ(params.int64("count"), 3);
  EXPECT_EQ(params.strings("columns"), std::vector<std::string>{"id"});
  EXPECT_TRUE(params.is_null("mean"));
  EXPECT_EQ(params.string("mode"), "error");
}

TEST(Params, OneNumberIsAListOfOne) {
  EXPECT_EQ(Params::make(declared(), {{"count", 3}, {"mean", 127}})->numbers("mean"), std::vector<double>{127});
}

TEST(Params, ReadAnExpressionFromJson) {
  const auto where = *parse_json(R"(["greater", {"column": "price"}, 3])");
  const auto params = *Params::make(declared(), {{"count", 3}, {"where", where}});
  EXPECT_EQ(params.expression("where")->text(), "(price > 3)");
}

TEST(Params, AnUnknownNameSuggestsTheNearest) {
  EXPECT_EQ(error_of(R"({"cuont": 3})"),
            "there is no parameter 'cuont'. Did you mean 'count'? Known: count, columns, mean, where, mode.");
}

TEST(Params, AMissingOneSaysWhatItWants) {
  EXPECT_EQ(error_of("{}"), "'count' must be given, an integer: How many rows.");
}

TEST(Params, AWrongTypeSaysWhatItGot) {
  EXPECT_EQ(error_of(R"({"count": "three"})"), R"('count' must be an integer, not a string: "three")");
  EXPECT_EQ(error_of(R"({"count": 1, "columns": ["a", 2]})"),
            "'columns' must be a string or a list of strings, not an integer: 2");
}

TEST(Params, NothingIsNoValueUnlessItIsTheDefault) {
  EXPECT_EQ(error_of(R"({"count": null})"), "'count' must be an integer, not nothing");
  EXPECT_EQ(error_of(R"({"count": 1, "mean": null})"), "");
}

TEST(Params, AChoiceOutsideTheListIsRefused) {
  EXPECT_EQ(error_of(R"({"count": 1, "mode": "apend"})"),
            "'mode' can't be \"apend\". Did you mean 'append'? Known: error, append.");
}

TEST(Params, SecretSettingsReachTheirSystemAndNoView) {
  const std::vector<Param> client = {{.name = "client", .type = ParamType::settings, .doc = ""}};
  const auto given = Value::Map{{"sasl.password", "abc"}, {"retries", 5}, {"debug", true}};
  const auto params = *Params::make(client, {{"client", given}});
  EXPECT_EQ(to_json(params.value("client")), R"({"sasl.password":{"object":"***"},"retries":"5","debug":"true"})");
  const auto settings = params.settings("client");
  EXPECT_EQ(settings.front().second, "abc");
  EXPECT_EQ(settings.back().second, "true");
  EXPECT_EQ(Params::make(client, params.values())->settings("client"), settings);
}

TEST(Params, ARefusedSettingIsNamedWithoutItsValue) {
  const std::vector<Param> client = {{.name = "client", .type = ParamType::settings, .doc = ""}};
  const auto of_list = Params::make(client, {{"client", Value::Map{{"sasl.password", Value::List{"abc"}}}}});
  EXPECT_EQ(of_list.error().message(),
            "'client' gives 'sasl.password' a list; a setting is a text, a number, or true or false");
  EXPECT_EQ(Params::make(client, {{"client", "sasl.password=abc"}}).error().message(),
            "'client' must be a mapping of settings to texts, numbers or truths, not a string");
}

TEST(Params, ChangeInACopy) {
  const auto params = *Params::make(declared(), {{"count", 3}});
  EXPECT_EQ(params.with("count", 5).int64("count"), 5);
  EXPECT_EQ(params.int64("count"), 3);
}

}  // namespace
}  // namespace klein
