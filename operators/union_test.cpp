#include "kind_test.h"

namespace klein {

void register_union(Registry& registry);

namespace {

const std::string differ =
    "its inputs must have the same columns, in the same order: one has (id: int64), another (id: string); use "
    "select or with_columns before it";

TEST(Union, OfDifferentSchemasIsRefusedWithBoth) {
  EXPECT_EQ(output_of(kind_from(register_union), Value::Map(), {{R"([{"id": 1}])"}, {R"([{"id": "a"}])"}}), differ);
}

TEST(Union, RefusesAlsoWhatOnlyRunningTells) {
  EXPECT_EQ(output_of(kind_from(register_union), Value::Map(), {{R"([{"id": 1}])", R"([{"id": "a"}])"}, {}}), differ);
}

TEST(Union, OfAnUnknownSchemaIsUnknown) {
  const auto known = rows_from_json(R"([{"id": 1}])")->schema();
  const auto schema = kind_from(register_union).schema({}, {known, std::nullopt});
  ASSERT_TRUE(schema.ok());
  EXPECT_FALSE(schema->has_value());
}

}  // namespace
}  // namespace klein
