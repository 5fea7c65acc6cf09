#include "base/value.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

struct Table final : Object {
  std::string text() const override { return "a table"; }
};
struct Other final : Object {
  std::string text() const override { return "another"; }
};

TEST(Value, json_keeps_order_and_types) {
  const Value value =
      Value::Map{{"z", 1}, {"a", Value::List{true, 2.5, "é\n", Value()}}, {"big", std::int64_t{9'007'199'254'740'993}}};
  const auto json = to_json(value);
  EXPECT_EQ(json, R"({"z":1,"a":[true,2.5,"é\n",null],"big":9007199254740993})");
  const auto parsed = parse_json(json);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, value);
}

TEST(Value, a_whole_double_stays_a_double) {
  const auto parsed = parse_json(to_json(Value(3.0)));
  ASSERT_TRUE(parsed.ok());
  EXPECT_NE(parsed->get<double>(), nullptr);
}

TEST(Value, text_that_is_no_json_is_refused) {
  for (const auto* text : {"", "{", "[1,]", "nul", "1 2"}) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), Code::invalid);
  }
}

TEST(Value, an_object_is_shown_by_its_text_and_equal_to_itself_alone) {
  const auto table = std::make_shared<const Table>();
  const Value value = Value::Handle(table);
  EXPECT_EQ(to_json(value), R"({"object":"a table"})");
  EXPECT_EQ(kind_of(value), "a table");
  EXPECT_EQ(value.object<Table>(), table);
  EXPECT_EQ(value.object<Other>(), nullptr);
  EXPECT_EQ(value, Value(Value::Handle(table)));
  EXPECT_FALSE(value == Value(Value::Handle(std::make_shared<const Table>())));
}

TEST(Value, an_entry_is_found_by_name) {
  const Value map = Value::Map{{"a", 1}};
  ASSERT_NE(map.find("a"), nullptr);
  EXPECT_EQ(*map.find("a"), Value(1));
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_EQ(Value(1).find("a"), nullptr);
}

TEST(Value, kinds_have_words) {
  EXPECT_EQ(kind_of(Value()), "nothing");
  EXPECT_EQ(kind_of(true), "a boolean");
  EXPECT_EQ(kind_of(1), "an integer");
  EXPECT_EQ(kind_of(1.5), "a number");
  EXPECT_EQ(kind_of("x"), "a string");
  EXPECT_EQ(kind_of(Value::List{}), "a list");
  EXPECT_EQ(kind_of(Value::Map{}), "a mapping");
}

}  // namespace
}  // namespace klein
