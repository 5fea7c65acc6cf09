#include "data/schema.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "data/batch.h"

namespace klein {
namespace {

Schema columns(const std::shared_ptr<arrow::DataType>& first, const std::shared_ptr<arrow::DataType>& second) {
  return Schema(arrow::schema({arrow::field("a", first), arrow::field("b", second)}));
}

TEST(Schema, ColumnsWithoutAValueTakeTheOthersType) {
  const auto one = columns(arrow::null(), arrow::int64()), other = columns(arrow::utf8(), arrow::null());
  EXPECT_EQ(*unified(one, other), columns(arrow::utf8(), arrow::int64()));
  EXPECT_EQ(*unified(one, one), one);
}

TEST(Schema, OtherTypesOrNamesAreNotUnified) {
  EXPECT_FALSE(unified(columns(arrow::int64(), arrow::int64()), columns(arrow::utf8(), arrow::int64())));
  EXPECT_FALSE(unified(columns(arrow::int64(), arrow::int64()), Schema()));
}

TEST(Schema, RowsConformToAUnifiedSchema) {
  const auto schema = columns(arrow::utf8(), arrow::int64());
  const auto given = columns(arrow::null(), arrow::int64());
  const Batch batch(arrow::RecordBatch::Make(
      given.arrow(), 3, {*arrow::MakeArrayOfNull(arrow::null(), 3), *arrow::MakeArrayOfNull(arrow::int64(), 3)}));
  const auto conformed = conform(batch, schema);
  ASSERT_TRUE(conformed.ok());
  EXPECT_EQ(conformed->schema(), schema);
  EXPECT_EQ(conformed->columns()->column(0)->null_count(), 3);
}

}  // namespace
}  // namespace klein
