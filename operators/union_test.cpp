#include <arrow/record_batch.h>
#include <arrow/type.h>

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

TEST(Union, AColumnMayBeNullWhereItMayInOneInput) {
  const auto rows = *rows_from_json(R"([{"id": 1}])");
  const auto never = rows.with(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int64(), /*nullable=*/false)}), 1, rows.columns()->columns()));
  const auto kind = kind_from(register_union);
  const auto schema = kind.schema({}, {never.schema(), rows.schema()});
  ASSERT_TRUE(schema.ok()) << schema.error().text();
  EXPECT_EQ(**schema, rows.schema());
  const auto ran = run_operator(kind, {}, {{never}, {rows}});
  ASSERT_TRUE(ran.ok()) << ran.error().text();
  for (const auto& batch : ran->rows) EXPECT_EQ(batch.schema(), rows.schema());
}

}  // namespace
}  // namespace klein
