#pragma once
// One suite for every source: what a test of a kind asks of it beside its own rows. Rows are the same however a reader
// cuts them, and from any position on.

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "op/registry.h"

namespace klein {

/// A source of the one kind that `row` registers.
inline Result<std::unique_ptr<Source>> make_source(void (*row)(Registry&), const std::string& kind,
                                                   const Value::Map& given) {
  Registry registry;
  row(registry);
  const auto* found = registry.find_source(kind);
  return found->make(KLEIN_TRY(Params::make(found->params, given)));
}

/// What a split gives from its position on, to the end.
inline std::vector<Pulled> read_split(const Source& source, const Split& split, ReadSize size = {}) {
  std::vector<Pulled> all;
  auto reader = source.open(split, size);
  EXPECT_TRUE(reader.ok()) << reader.error().text();
  const Context context;
  while (reader.ok()) {
    auto pulled = (*reader)->pull(context);
    EXPECT_TRUE(pulled.ok()) << pulled.error().text();
    if (!pulled.ok() || pulled->what != Pulled::What::rows) break;
    all.push_back(*std::move(pulled));
  }
  return all;
}

/// All rows below each other.
inline std::shared_ptr<arrow::Table> to_table(const Source& source, const std::vector<Pulled>& all) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (const auto& pulled : all) batches.push_back(pulled.batch->columns());
  auto table = arrow::Table::FromRecordBatches(source.schema().arrow(), batches);
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  return *table;
}

inline std::shared_ptr<arrow::Table> read_all(const Source& source, ReadSize size = {}) {
  std::vector<Pulled> all;
  auto splits = source.splits();
  EXPECT_TRUE(splits.ok()) << splits.error().text();
  for (const auto& split : *splits) {
    for (auto& pulled : read_split(source, split, size)) all.push_back(std::move(pulled));
  }
  return to_table(source, all);
}

inline std::vector<std::int64_t> row_numbers(const std::vector<Pulled>& all) {
  std::vector<std::int64_t> numbers;
  for (const auto& pulled : all) {
    for (std::int64_t row = 0; row < pulled.batch->rows(); ++row) numbers.push_back(pulled.batch->row_number(row));
  }
  return numbers;
}

/// Reads each split in batches of several sizes, stops behind each batch and goes on with a new reader of another size.
inline void expect_resumable(const Source& source) {
  auto splits = source.splits();
  ASSERT_TRUE(splits.ok()) << splits.error().text();
  for (const auto& split : *splits) {
    const auto whole = read_split(source, split);
    const auto expected = to_table(source, whole);
    if (split.rows >= 0) {
      EXPECT_EQ(expected->num_rows(), split.rows) << split.id;
    }
    for (const std::int64_t rows : {1, 3, 1000}) {
      const auto begun = read_split(source, split, {.rows = rows});
      EXPECT_TRUE(to_table(source, begun)->Equals(*expected)) << split.id << " in batches of " << rows;
      EXPECT_EQ(row_numbers(begun), row_numbers(whole)) << split.id;
      std::int64_t done = 0;
      for (const auto& pulled : begun) {
        EXPECT_LE(pulled.batch->rows(), rows);
        done += pulled.batch->rows();
        auto rest = split;
        rest.position = pulled.position;
        const auto after = read_split(source, rest, {.rows = 2});
        EXPECT_TRUE(to_table(source, after)->Equals(*expected->Slice(done))) << split.id << " from row " << done;
      }
    }
  }
}

}  // namespace klein
