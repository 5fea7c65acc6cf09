#include "data/json_objects.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

namespace klein {
namespace {

TEST(JsonObjects, are_rows_of_the_schema_and_what_they_lack_is_null) {
  const auto schema = arrow::schema({arrow::field("b", arrow::int32()), arrow::field("a", arrow::utf8())});
  const auto rows = parse_json_objects(R"({"a": "x", "c": 1} {"b": 2})", schema);
  ASSERT_TRUE(rows.ok()) << rows.error().text();
  EXPECT_EQ((*rows)->num_rows(), 2);
  EXPECT_TRUE((*rows)->schema()->Equals(*schema));
  EXPECT_EQ((*rows)->column(0)->null_count(), 1);
}

TEST(JsonObjects, one_is_known_by_its_brackets_and_quotes) {
  for (const char* one : {R"({})", R"( {"a": [1, {"b": 2}]} )", R"({"a": "}\"{"})", "{\n}\n"})
    EXPECT_TRUE(is_one_json_object(one)) << one;
  for (const char* other :
       {"", "1", "[1]", R"({"a": 1)", R"({} {})", R"({}})", R"({"a": "})", R"({"a": 1},)", R"(,{})"})
    EXPECT_FALSE(is_one_json_object(other)) << other;
}

}  // namespace
}  // namespace klein
