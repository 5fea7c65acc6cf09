#pragma once
// Batch — rows that travel together: Arrow's record batch and a header that says where they came from. A value: cheap
// to copy, never changed; its columns may be shared with anyone, across the Python boundary too.

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"

namespace arrow {
class Array;
class BooleanArray;
class RecordBatch;
}  // namespace arrow

namespace klein {

/// Where a batch's rows come from, and what was promised about them. Dead letters, error messages, the order of
/// collected rows, remembered model calls and answers to requests hang on it.
struct Header {
  std::shared_ptr<const std::string> split;  // null where no source made the rows (a test, a table in memory)
  std::int64_t split_order = 0;              // the split's place in its source's order
  std::int64_t row = 0;                      // the first row's number in its split
  std::shared_ptr<const std::vector<std::int64_t>> index;  // row numbers, once rows were dropped or repeated; else null
  std::int64_t admitted = 0;                               // when it entered, by the job's clock, nanoseconds
  std::int64_t deadline = std::numeric_limits<std::int64_t>::max();
  int priority = 0;
};

class Batch {
 public:
  explicit Batch(std::shared_ptr<arrow::RecordBatch> columns, Header header = {});

  std::int64_t rows() const { return rows_; }
  /// Bytes that these rows refer to (of a slice, its part), buffers counted once a column.
  std::int64_t bytes() const;
  const std::shared_ptr<arrow::RecordBatch>& columns() const { return columns_; }
  Schema schema() const;
  const Header& header() const { return header_; }
  /// `photos/3.parquet:17`, or the row's number where the source is not known.
  std::string row_id(std::int64_t row) const;
  /// The row's number in its split.
  std::int64_t row_number(std::int64_t row) const;

  Batch slice(std::int64_t first, std::int64_t count) const;
  /// The same rows with other columns.
  Batch with(std::shared_ptr<arrow::RecordBatch> columns) const;
  /// The rows where `mask` is true (null is not).
  Result<Batch> keep(const arrow::BooleanArray& mask) const;
  /// The named rows, in that order; a row may be named more than once.
  Result<Batch> pick(const std::vector<std::int64_t>& rows) const;
  /// Other columns whose i-th row comes from row `origin[i]` of this batch.
  Batch derive(std::shared_ptr<arrow::RecordBatch> columns, const std::vector<std::int64_t>& origin) const;

 private:
  Header header_of(const std::vector<std::int64_t>& rows) const;

  std::shared_ptr<arrow::RecordBatch> columns_;
  std::int64_t rows_;
  Header header_;
};

/// The rows under a schema that `unified` gave for theirs: columns without a value take their type.
Result<Batch> conform(const Batch& batch, const Schema& schema);

/// Rows below each other, in order; the first one's header. All have the same schema.
Result<Batch> concatenate(const std::vector<Batch>& batches);

}  // namespace klein
