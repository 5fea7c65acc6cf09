#pragma once
// Cells — values of an Arrow column as bytes, one behind the other: 0 for null, else 1 and the value. Numbers, times
// and decimals are as Arrow holds them; text and bytes follow their length, 4 bytes; the values of a list their number,
// 4 bytes; those of a record or of a list of fixed size just follow. Only where state is kept while a job runs.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace arrow {
class Array;
struct ArrayData;
class DataType;
}  // namespace arrow

namespace klein {

/// `invalid` for a type that has no such form: a dictionary, a union, a view.
Result<> check_cells(const arrow::DataType& type);

/// Appends the value in this row.
void append_cell(const arrow::Array& column, std::int64_t row, Bytes& to);

/// A column that grows by values that `append_cell` wrote.
class CellColumn {
 public:
  /// The type is one that `check_cells` lets pass.
  explicit CellColumn(std::shared_ptr<arrow::DataType> type);
  /// Takes the next value off the front of `bytes`. `corrupt` where they end before.
  Result<> read(BytesView& bytes);
  void append_null();
  std::int64_t size() const { return static_cast<std::int64_t>(valid_.size()); }
  /// Takes what it has.
  std::shared_ptr<arrow::Array> finish();

 private:
  Result<> read_value(BytesView& bytes);
  std::shared_ptr<arrow::ArrayData> finish_data();

  const std::shared_ptr<arrow::DataType> type_, storage_;
  std::size_t width_ = 0;  // of a value that is always as long
  std::vector<bool> valid_;
  Bytes values_;
  std::vector<std::int64_t> ends_;  // of texts and lists
  std::vector<std::unique_ptr<CellColumn>> children_;
};

}  // namespace klein
