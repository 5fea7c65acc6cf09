#include "connectors/memory.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>

#include "connectors/source_suite.h"

namespace klein {
void register_memory(Registry& registry);
namespace {

Batch numbers(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < count; ++i) EXPECT_TRUE(builder.Append(first + i).ok());
  return Batch(
      arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::int64())}), count, {*builder.Finish()}));
}

Batch pictures(std::int64_t count, std::size_t bytes) {
  arrow::BinaryBuilder builder;
  for (std::int64_t i = 0; i < count; ++i) EXPECT_TRUE(builder.Append(std::string(bytes, 'x')).ok());
  return Batch(
      arrow::RecordBatch::Make(arrow::schema({arrow::field("bytes", arrow::binary())}), count, {*builder.Finish()}));
}

std::unique_ptr<Source> source_of(std::vector<Batch> batches) {
  const auto schema = batches.front().schema();
  const Value::Handle table = std::make_shared<Table>(schema, std::move(batches));
  auto source = make_source(register_memory, "from_arrow", {{"table", table}});
  EXPECT_TRUE(source.ok()) << source.error().text();
  return *std::move(source);
}

TEST(from_arrow, gives_the_rows_of_all_batches_from_any_position) {
  const auto source = source_of({numbers(0, 5), numbers(5, 1), numbers(6, 0), numbers(6, 4)});
  expect_resumable(*source);
  EXPECT_TRUE(read_all(*source)->Equals(**arrow::Table::FromRecordBatches({numbers(0, 10).columns()})));
}

TEST(from_arrow, a_small_table_is_one_split_and_a_large_one_several) {
  EXPECT_EQ(source_of({numbers(0, 1000)})->splits()->size(), 1U);
  const auto large = source_of({numbers(0, 100'000), numbers(100'000, 100'000)});
  const auto splits = *large->splits();
  ASSERT_EQ(splits.size(), 4U);
  EXPECT_EQ(splits[2].id, "table#2");
  EXPECT_EQ(splits[2].first_row, 2 * 65536);
  EXPECT_EQ(read_all(*large)->num_rows(), 200'000);
}

TEST(from_arrow, rows_with_many_bytes_are_cut_by_bytes) {
  const auto source = source_of({pictures(20, 1 << 20)});
  EXPECT_EQ(source->splits()->size(), 7U);
  for (const auto& pulled : read_split(*source, source->splits()->front())) EXPECT_LE(pulled.batch->bytes(), 5 << 20);
}

TEST(from_arrow, batches_are_slices_of_the_table_and_no_copies) {
  const auto rows = numbers(0, 10);
  const auto source = source_of({rows});
  const auto pulled = read_split(*source, source->splits()->front(), {.rows = 4});
  ASSERT_EQ(pulled.size(), 3U);
  EXPECT_EQ(pulled[1].batch->columns()->column_data(0)->buffers[1]->data(),
            rows.columns()->column_data(0)->buffers[1]->data());
  EXPECT_EQ(pulled[1].batch->row_number(0), 4);
}

TEST(from_arrow, an_empty_table_has_a_schema_and_no_rows) {
  const auto source = source_of({numbers(0, 0)});
  EXPECT_EQ(source->schema().text(), "x: int64");
  EXPECT_EQ(read_all(*source)->num_rows(), 0);
}

TEST(from_arrow, refuses_what_is_no_table) {
  EXPECT_EQ(make_source(register_memory, "from_arrow", {{"table", 3}}).error().message(),
            "from_arrow wants Arrow data as its table, not an integer");
}

}  // namespace
}  // namespace klein
