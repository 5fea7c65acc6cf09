#include <arrow/array/array_nested.h>
#include <arrow/extension/fixed_shape_tensor.h>

#include <cmath>

#include "connectors/parquet/files_suite.h"

namespace klein {
namespace {

using ReadParquet = ParquetFiles;
const Value::List id_above_24 = {"greater", Value::Map{{"column", "id"}}, 24};

Value::Map with_filter(Value::List filter) { return {{"filter", std::move(filter)}}; }

TEST_F(ReadParquet, gives_the_rows_that_were_written_from_any_position) {
  write("data", {rows(0, 30)}, {{"row_group_rows", 7}});
  const auto source = *read("data");
  EXPECT_EQ(source->splits()->size(), 5U);
  expect_resumable(*source);
  EXPECT_TRUE(read_all(*source)->Equals(*table(rows(0, 30))));
}

TEST_F(ReadParquet, names_rows_by_file_and_number_in_it) {
  write_file("data/one.parquet", {rows(0, 3)});
  write_file("data/two.parquet", {rows(3, 6)}, {{"row_group_rows", 2}});
  const auto source = *read("data");
  const auto splits = *source->splits();
  ASSERT_EQ(splits.size(), 4U);
  EXPECT_EQ(splits[0].id, path("data/one.parquet"));
  EXPECT_EQ(splits[2].id, path("data/two.parquet") + "#1");
  EXPECT_EQ(splits[2].order, 2);
  EXPECT_EQ(row_numbers(read_split(*source, splits[2])), (std::vector<std::int64_t>{2, 3}));
}

TEST_F(ReadParquet, a_path_with_a_number_sign_is_still_a_path) {
  write_file("data/a#1.parquet", {rows(0, 3)});
  write_file("data/a#1", {rows(3, 3)}, {{"row_group_rows", 2}});
  EXPECT_EQ(all("data/a#1.parquet")->num_rows(), 3);
  EXPECT_EQ((*read("data/a#1"))->splits()->back().id, path("data/a#1#1"));
  expect_resumable(**read("data/a#1"));
}

TEST_F(ReadParquet, reads_the_columns_asked_for_in_the_order_asked_for) {
  write("data", {rows(0, 8)});
  const auto found = all("data", {{"columns", Value::List{"name", "id"}}});
  EXPECT_EQ(Schema(found->schema()).text(), "name: string, id: int64");
  EXPECT_TRUE(found->Equals(**table(rows(0, 8))->SelectColumns({1, 0})));
  EXPECT_EQ(all("data", {{"columns", Value::List{}}})->num_rows(), 8);
}

TEST_F(ReadParquet, a_filter_keeps_exact_rows_and_their_numbers_and_skips_row_groups_that_have_none) {
  write("data", {rows(0, 40)}, {{"row_group_rows", 10}});
  const auto source = *read("data", with_filter(id_above_24));
  const auto splits = *source->splits();
  ASSERT_EQ(splits.size(), 2U);  // of four
  EXPECT_EQ(row_numbers(read_split(*source, splits[0])), (std::vector<std::int64_t>{25, 26, 27, 28, 29}));
  EXPECT_TRUE(read_all(*source)->Equals(*table(rows(25, 15))));
  expect_resumable(*source);
}

TEST_F(ReadParquet, a_filter_may_need_columns_that_are_not_asked_for) {
  write("data", {rows(0, 40)});
  auto given = with_filter(id_above_24);
  given.emplace_back("columns", "name");
  EXPECT_TRUE(all("data", given)->Equals(**table(rows(25, 15))->SelectColumns({1})));
}

TEST_F(ReadParquet, statistics_rule_out_no_null_and_no_nan_that_the_filter_wants) {
  arrow::DoubleBuilder builder;
  for (const double value : {1.0, std::nan(""), 2.0}) ASSERT_TRUE(builder.Append(value).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto schema = arrow::schema({arrow::field("x", arrow::float64())});
  write("data", {Batch(arrow::RecordBatch::Make(schema, 4, {*builder.Finish()}))});
  const Value x = Value::Map{{"column", "x"}};
  EXPECT_EQ(all("data", with_filter({"invert", Value::List{"less", x, 3.0}}))->num_rows(), 1);  // the NaN
  EXPECT_EQ(all("data", with_filter({"is_null", x}))->num_rows(), 1);
  EXPECT_EQ((*read("data", with_filter({"greater", x, 2.0})))->splits()->size(), 0U);
  EXPECT_EQ((*read("data", with_filter({"greater_equal", x, 2.0})))->splits()->size(), 1U);
}

TEST_F(ReadParquet, a_limit_ends_reading_early) {
  write("data", {rows(0, 40)}, {{"row_group_rows", 10}});
  const auto source = *read("data", {{"limit", 13}});
  EXPECT_EQ(source->splits()->size(), 2U);
  EXPECT_TRUE(read_all(*source)->Equals(*table(rows(0, 13))));
  EXPECT_EQ((*read("data", {{"limit", 0}}))->splits()->size(), 0U);
  expect_resumable(*source);
}

TEST_F(ReadParquet, batches_are_cut_by_bytes_too) {
  arrow::BinaryBuilder builder;
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(builder.Append(std::string(100'000, static_cast<char>(i))).ok());
  const auto schema = arrow::schema({arrow::field("bytes", arrow::binary())});
  write("data", {Batch(arrow::RecordBatch::Make(schema, 64, {*builder.Finish()}))}, {{"compression", "none"}});
  const auto source = *read("data");
  const auto batches = read_split(*source, source->splits()->front(), {.rows = 65536, .bytes = 1 << 20});
  EXPECT_GE(batches.size(), 6U);
  for (const auto& pulled : batches) EXPECT_LE(pulled.batch->bytes(), 1 << 20);
}

TEST_F(ReadParquet, tensors_and_nested_columns_come_back_as_what_they_are) {
  arrow::FloatBuilder floats;
  for (int i = 0; i < 24; ++i) ASSERT_TRUE(floats.Append(static_cast<float>(i)).ok());
  const auto type = *arrow::extension::FixedShapeTensorType::Make(arrow::float32(), {2, 3});
  const auto flat = *arrow::FixedSizeListArray::FromArrays(*floats.Finish(), 6);
  const auto tensors = arrow::ExtensionType::WrapArray(type, flat);
  const auto structs = *arrow::StructArray::Make(
      {rows(0, 4).columns()->column(0), rows(0, 4).columns()->column(1)}, std::vector<std::string>{"a", "b"});
  const auto schema = arrow::schema({arrow::field("tensor", type), arrow::field("pair", structs->type())});
  const Batch batch(arrow::RecordBatch::Make(schema, 4, {tensors, structs}));
  write("data", {batch});
  EXPECT_EQ((*read("data"))->schema().text(), "tensor: tensor[2, 3] of float, pair: struct<a: int64, b: string>");
  EXPECT_TRUE(all("data")->Equals(*table(batch)));
  EXPECT_TRUE(all("data", {{"columns", "pair"}})->Equals(**table(batch)->SelectColumns({1})));
  expect_resumable(**read("data"));
}

TEST_F(ReadParquet, says_which_file_and_column_do_not_agree) {
  write_file("data/one.parquet", {rows(0, 3)});
  const auto only = [&](std::shared_ptr<arrow::Field> field) {
    auto column = arrow::Int32Builder();
    EXPECT_TRUE(column.AppendValues({1, 2, 3}).ok());
    auto ids = rows(0, 3).columns()->column(0);
    const auto array = *column.Finish();
    if (!field) return Batch(arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::int64())}), 3, {ids}));
    return Batch(*rows(0, 3).columns()->AddColumn(2, field, array));
  };
  write_file("data/two.parquet", {only(nullptr)});
  EXPECT_EQ((*read("data"))->splits().error().message(),
            path("data/two.parquet") + " has no column 'name', which " + path("data/one.parquet") + " has");
  EXPECT_EQ((*read("data", {{"columns", "id"}}))->splits()->size(), 2U);
  write_file("data/two.parquet", {only(arrow::field("extra", arrow::int32()))});
  EXPECT_EQ((*read("data"))->splits().error().message(),
            path("data/two.parquet") + " has the column 'extra', which " + path("data/one.parquet") +
                " has not; name the columns to read with columns=[...]");
  write_file(
      "data/two.parquet", {Batch(*only(nullptr).columns()->AddColumn(1, "name", only(nullptr).columns()->column(0)))});
  EXPECT_EQ((*read("data"))->splits().error().message(),
            "the column 'name' is int64 in " + path("data/two.parquet") + " and string in " + path("data/one.parquet"));
}

TEST_F(ReadParquet, mistakes_are_found_before_anything_is_read) {
  write_file("data/one.parquet", {rows(0, 3)});
  EXPECT_EQ(read("none").error().code(), Code::not_found);
  EXPECT_EQ(read("*.parquet").error().message(), "no file matches the pattern " + path("*.parquet"));
  EXPECT_EQ(read("data", {{"columns", "nam"}}).error().message(),
            path("data/one.parquet") + ": there is no column 'nam'. Did you mean 'name'? Known: id, name.");
  EXPECT_EQ(
      read("data", {{"columns", Value::List{"id", "id"}}}).error().message(), "the column 'id' is asked for twice");
  EXPECT_EQ(read("data", {{"filter", Value::List{"greater", Value::Map{{"column", "ide"}}, 1}}}).error().code(),
            Code::not_found);
  EXPECT_NE(read("data", {{"filter", Value::List{"add", Value::Map{{"column", "id"}}, 1}}})
                .error()
                .message()
                .find("a filter is true or false for each row; this one gives int64"),
            std::string::npos);
  EXPECT_FALSE(read("data", {{"limit", -1}}).ok());
}

TEST_F(ReadParquet, what_is_no_parquet_file_or_is_cut_short_is_called_corrupt) {
  const auto refusal = [&](const std::string& bytes) {
    std::ofstream(path("bad.parquet"), std::ios::binary) << bytes;
    return read("bad.parquet");
  };
  write_file("good.parquet", {rows(0, 1000)});
  std::ifstream good(path("good.parquet"), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(good)), {});
  for (const auto& bad : {std::string(), std::string("hello"), std::string(5000, 'x'),
                          bytes.substr(0, bytes.size() / 2), bytes.substr(0, bytes.size() - 1)}) {
    const auto source = refusal(bad);
    ASSERT_FALSE(source.ok());
    EXPECT_EQ(source.error().code(), Code::corrupt);
    EXPECT_TRUE(source.error().message().starts_with(path("bad.parquet") + " can't be read as Parquet"));
  }
}

TEST_F(ReadParquet, damaged_pages_end_in_an_error_that_names_the_file_or_in_rows_and_never_in_a_crash) {
  write_file("good.parquet", {rows(0, 500)}, {{"row_group_rows", 100}});
  std::ifstream good(path("good.parquet"), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(good)), {});
  int failed = 0;
  for (std::size_t at = 4; at < bytes.size(); at += 67) {
    auto bad = bytes;
    for (std::size_t i = at; i < std::min(at + 8, bad.size()); ++i) bad[i] = static_cast<char>(~bad[i]);
    std::ofstream(path("bad.parquet"), std::ios::binary) << bad;
    const auto attempt = [&]() -> Result<> {
      const auto source = KLEIN_TRY(read("bad.parquet"));
      for (const auto& split : KLEIN_TRY(source->splits())) {
        const auto reader = KLEIN_TRY(source->open(split, {}));
        while (KLEIN_TRY(reader->pull({})).what == Pulled::What::rows) {
        }
      }
      return {};
    };
    const auto read_through = attempt();
    if (read_through.ok()) continue;
    ++failed;
    EXPECT_NE(read_through.error().message().find("bad.parquet"), std::string::npos) << read_through.error().text();
  }
  EXPECT_GT(failed, 10);
}

}  // namespace
}  // namespace klein
