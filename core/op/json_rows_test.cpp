#include "op/json_rows.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace klein {
namespace {

std::string there_and_back(std::string_view rows, std::string_view types = "") {
  const auto batch = rows_from_json(rows, types);
  return batch.ok() ? join(*rows_to_json({*batch}), " ") : batch.error().message();
}

TEST(JsonRows, ComeBackAsTheyWent) {
  EXPECT_EQ(there_and_back(R"([{"a": 1, "b": "x"}, {"b": null}])"), R"({"a":1,"b":"x"} {"a":null,"b":null})");
  EXPECT_EQ(there_and_back("[1, 2.5, null]"), "1.0 2.5 null");
  EXPECT_EQ(there_and_back(R"([{"a": {"b": [1, 2]}}])"), R"({"a":{"b":[1,2]}})");
}

TEST(JsonRows, HoldTensors) {
  const std::string_view types = "pixels: tensor[2, 2] of uint8, id: int32";
  const auto rows = *rows_from_json(R"([{"id": 7, "pixels": [[1, 2], [3, 4]]}])", types);
  EXPECT_EQ(rows.schema().text(), "pixels: tensor[2, 2] of uint8, id: int32");
  EXPECT_EQ(there_and_back(R"([{"id": 7, "pixels": [[1, 2], [3, 4]]}])", types), R"({"pixels":[[1,2],[3,4]],"id":7})");
}

TEST(JsonRows, NoRowsHaveTheTypesThatWereNamed) {
  EXPECT_EQ(rows_from_json("[]", "a: list of float32")->schema().text(), "a: list<item: float>");
}

TEST(JsonRows, OfTwoTypesInOneColumnAreRefused) {
  EXPECT_EQ(there_and_back(R"([1, "a"])"), "a column holds both int64 and string");
}

TEST(JsonRows, AnUnknownTypeNamesTheNearest) {
  EXPECT_NE(there_and_back("[1]", "value: itn32").find("Did you mean 'int32'?"), std::string::npos);
}

}  // namespace
}  // namespace klein
