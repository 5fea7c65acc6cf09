#include "data/json_decoder.h"

#include <arrow/array.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>

#include "data/json_number.h"
#include "data/json_objects.h"

namespace klein {
namespace {

using Fields = arrow::FieldVector;

std::shared_ptr<arrow::DataType> tensor(const std::vector<std::int64_t>& shape) {
  return *arrow::extension::FixedShapeTensorType::Make(arrow::float32(), shape);
}

std::shared_ptr<arrow::RecordBatch> decoded(const Fields& fields, std::string_view objects) {
  auto decoder = *JsonDecoder::make(arrow::schema(fields));
  const auto added = decoder.add_all(objects);
  EXPECT_TRUE(added.ok()) << added.error().text();
  const auto rows = *decoder.finish();
  EXPECT_TRUE(rows->ValidateFull().ok()) << rows->ValidateFull().message();
  return rows;
}

std::string refused(const Fields& fields, std::string_view object) {
  auto decoder = *JsonDecoder::make(arrow::schema(fields));
  EXPECT_TRUE(decoder.add("{}").ok());
  const auto added = decoder.add(object);
  EXPECT_EQ(decoder.rows(), 1) << "of " << object << " something is left";
  EXPECT_TRUE((*decoder.finish())->ValidateFull().ok());
  return added.ok() ? "not refused" : added.error().text();
}

const Fields every = {
    arrow::field("truth", arrow::boolean()),
    arrow::field("small", arrow::int8()),
    arrow::field("large", arrow::uint64()),
    arrow::field("real", arrow::float64()),
    arrow::field("text", arrow::utf8()),
    arrow::field("at", arrow::timestamp(arrow::TimeUnit::MILLI)),
    arrow::field("list", arrow::list(arrow::list(arrow::int32()))),
    arrow::field("object", arrow::struct_({arrow::field("a", arrow::utf8())}))};

TEST(JsonDecoder, rows_of_every_type_are_those_that_arrow_makes) {
  const std::string rows =
      R"({"truth": true, "small": -128, "large": 18446744073709551615, "real": -1.5e-3, "text": "a\n\u00e9\ud83d\ude00é",)"
      R"( "at": "2024-02-29T12:00:00.5", "list": [[1, null], [], null], "object": {"a": "x", "b": [{"c": "}"}]}})"
      R"({"truth": null, "other": [1, {"a": "b"}], "object": null})"
      R"( {"object": {}, "list": [], "text": "", "small": 0, "real": 17, "truth": false})";
  const auto wanted = arrow::json::ArrayFromJSONString(arrow::struct_(every), R"([
      {"truth": true, "small": -128, "large": 18446744073709551615, "real": -0.0015, "text": "a\né😀é",
       "at": "2024-02-29T12:00:00.500", "list": [[1, null], [], null], "object": {"a": "x"}},
      {}, {"object": {}, "list": [], "text": "", "small": 0, "real": 17, "truth": false}])");
  ASSERT_TRUE(wanted.ok()) << wanted.status().message();
  const auto made = *decoded(every, rows)->ToStructArray();
  EXPECT_TRUE(made->Equals(*wanted)) << made->ToString();
}

TEST(JsonDecoder, tensors_are_lists_within_lists_of_the_shape) {
  const Fields fields = {arrow::field("x", tensor({2, 3}))};
  const auto rows = decoded(fields, R"({"x": [[1, 2, 3], [4.5, -0.25, 6e2]]} {"x": null})");
  const auto& cells = static_cast<const arrow::FloatArray&>(
      *static_cast<const arrow::FixedSizeListArray&>(
           *static_cast<const arrow::ExtensionArray&>(*rows->column(0)).storage())
           .values());
  EXPECT_EQ(cells.Value(3), 4.5F);
  EXPECT_EQ(cells.Value(5), 600.0F);
  EXPECT_TRUE(rows->column(0)->IsNull(1));
  EXPECT_NE(
      refused(fields, R"({"x": [[1, 2], [3, 4]]})").find("'x' is a list of 2 where 3 are wanted"), std::string::npos);
  EXPECT_NE(refused(fields, R"({"x": [[1, 2, 3]]})").find("a list of 1 where 2 are wanted"), std::string::npos);
  EXPECT_NE(refused(fields, R"({"x": [1, 2]})").find("'x' is a number, not tensor"), std::string::npos);
}

TEST(JsonDecoder, what_does_not_fit_is_refused_by_name_and_leaves_no_trace) {
  const Fields fields = {arrow::field("a", arrow::list(arrow::int8())), arrow::field("b", arrow::utf8()),
                         arrow::field("c", arrow::struct_({arrow::field("d", arrow::float32())}))};
  const auto says = [&](std::string_view object, const std::string& words) {
    const auto said = refused(fields, object);
    EXPECT_NE(said.find(words), std::string::npos) << object << ": " << said;
  };
  says(R"({"b": "x", "a": [1, 128]})", "types: 'a' is 128, which is no int8; mend it");
  says(R"({"a": [1, "x"]})", "'a' is text, not int8");
  says(R"({"a": [1.0]})", "'a' is 1.0, which is no int8");
  says(R"({"b": 1})", "'b' is a number, not string");
  says(R"({"c": {"d": [1]}})", "'c.d' is a list, not float");
  says(R"({"c": {"d": 1e39}})", "'c.d' is 1e39, which is no float");
  says(R"({"b": "x", "b": "y"})", "'b' is there twice");
  says("{\"b\": \"\xff\"}", "it is not UTF-8");
  says("{\"other\": \"\xc3\"}", "it is not UTF-8");
}

TEST(JsonDecoder, what_is_no_json_is_refused_wherever_it_stands) {
  const Fields fields = {arrow::field("a", arrow::list(arrow::float32())), arrow::field("b", arrow::utf8())};
  for (const char* json :
       {"",
        "[]",
        "1",
        "{",
        "{}{}",
        "{} x",
        "{\"a\"}",
        "{\"a\": }",
        "{\"c\": 1",
        "{\"a\": [1, ]}",
        "{\"a\": [1 2]}",
        "{,}",
        "{\"a\": [01]}",
        "{\"a\": [-]}",
        "{\"a\": [1.]}",
        "{\"a\": [1e]}",
        "{\"a\": [+1]}",
        "{\"a\": [.5]}",
        "{\"a\": [NaN]}",
        "{\"a\": nul}",
        "{\"b\": \"x}",
        "{\"b\": \"\\x\"}",
        "{\"b\": \"\\u12g4\"}",
        "{\"b\": \"\\ud800\"}",
        "{\"b\": \"\\udc00\"}",
        "{\"b\": \"a\nb\"}",
        "{\"c\": [1, {\"d\": tru}]}",
        "{\"c\": [1, 2}",
        "{\"a\": [1],}",
        "{'a': 1}",
        "{\"c\": 1.5.2}",
        "{\"c\": 00}"}) {
    EXPECT_EQ(refused(fields, json).find("it is no object of JSON"), 0) << json << ": " << refused(fields, json);
  }
  const std::string deep = "{\"c\": " + std::string(2000, '[') + std::string(2000, ']') + "}";
  EXPECT_NE(refused(fields, deep).find("more than 512 deep"), std::string::npos);
}

TEST(JsonDecoder, there_is_none_for_a_type_that_json_writes_in_several_ways) {
  EXPECT_FALSE(JsonDecoder::make(arrow::schema({arrow::field("a", arrow::decimal128(9, 2))})));
  EXPECT_FALSE(JsonDecoder::make(arrow::schema({arrow::field("a", arrow::list(arrow::date32()))})));
}

/// Texts of numbers, some of them right between two floats.
std::string number_text(std::mt19937_64& chance) {
  const auto pick = [&](int most) { return static_cast<int>(chance() % static_cast<unsigned>(most)); };
  char text[64];
  if (pick(3) == 0) {
    const auto bits = static_cast<std::uint32_t>(chance()) & 0x3FFFFFFF;
    const double between = (static_cast<double>(std::bit_cast<float>(bits)) + std::bit_cast<float>(bits + 1)) / 2;
    std::snprintf(text, sizeof text, "%.*g", 9 + pick(30), between);
    return text;
  }
  std::string digits;
  for (int i = pick(25); i >= 0; --i) digits += static_cast<char>('0' + pick(10));
  if (digits.size() > 1 && digits[0] == '0') digits[0] = '7';
  if (pick(2) == 0) digits += "." + std::to_string(chance() >> pick(60));
  if (pick(3) == 0) digits += "e" + std::to_string(pick(90) - 45);
  return pick(2) == 0 ? "-" + digits : digits;
}

TEST(JsonDecoder, real_numbers_are_the_nearest_ones) {
  std::mt19937_64 chance(7);
  for (int i = 0; i < 200'000; ++i) {
    const auto text = number_text(chance);
    JsonScanner json(text);
    JsonNumber number;
    ASSERT_TRUE(json.number(number)) << text;
    EXPECT_TRUE(json.at_end()) << text;
    double wide = 0;
    float narrow = 0;
    ASSERT_TRUE(to_real(number, wide)) << text;
    EXPECT_EQ(wide, std::strtod(text.c_str(), nullptr)) << text;
    const auto wanted = std::strtof(text.c_str(), nullptr);
    ASSERT_EQ(to_real(number, narrow), std::isfinite(wanted)) << text;
    if (std::isfinite(wanted)) {
      EXPECT_EQ(narrow, wanted) << text;
    }
  }
}

TEST(JsonDecoder, lists_of_numbers_are_those_of_their_numbers_alone) {
  std::mt19937_64 chance(11);
  const Fields fields = {
      arrow::field("x", arrow::list(arrow::float32())), arrow::field("y", arrow::list(arrow::float64()))};
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts;
    std::string list;
    while (texts.size() < 200) {
      auto text =
          chance() % 8 == 0 ? number_text(chance) : std::to_string(static_cast<double>(chance() % 2000) / 64 - 9);
      if (chance() % 8 == 0)
        text = std::to_string(chance() >> chance() % 64) + "." + std::to_string(chance() >> chance() % 64);
      if (!std::isfinite(std::strtof(text.c_str(), nullptr))) continue;
      list += (list.empty() ? "" : chance() % 9 == 0 ? " , " : ",") + text;
      texts.push_back(std::move(text));
    }
    const auto rows = decoded(fields, "{\"x\": [" + list + "], \"y\": [" + list + "]}");
    const auto& x = static_cast<const arrow::ListArray&>(*rows->column(0));
    const auto& y = static_cast<const arrow::ListArray&>(*rows->column(1));
    ASSERT_EQ(x.values()->length(), 200);
    for (int i = 0; i < 200; ++i) {
      const auto* const text = texts[static_cast<std::size_t>(i)].c_str();
      ASSERT_EQ(static_cast<const arrow::FloatArray&>(*x.values()).Value(i), std::strtof(text, nullptr)) << text;
      ASSERT_EQ(static_cast<const arrow::DoubleArray&>(*y.values()).Value(i), std::strtod(text, nullptr)) << text;
    }
  }
}

TEST(JsonDecoder, a_number_that_is_too_small_is_nothing_and_one_too_large_is_refused) {
  const Fields fields = {arrow::field("x", arrow::float32())};
  const auto rows = decoded(fields, R"({"x": 1e-60} {"x": -1e-400} {"x": 0.0} {"x": 1e-45})");
  const auto& numbers = static_cast<const arrow::FloatArray&>(*rows->column(0));
  EXPECT_EQ(numbers.Value(0), 0.0F);
  EXPECT_TRUE(std::signbit(numbers.Value(1)));
  EXPECT_GT(numbers.Value(3), 0.0F);
  EXPECT_NE(refused(fields, R"({"x": -1e400})"), "not refused");
}

}  // namespace
}  // namespace klein
