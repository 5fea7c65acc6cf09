#pragma once
// TimeColumn — the column that says when a row's event was: a timestamp of any unit, or int64 milliseconds. Within
// Klein instants are nanoseconds since 1970.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"

namespace arrow {
class Array;
}

namespace klein {

class TimeColumn {
 public:
  /// Errors: an unknown column, or one that is no time.
  static Result<TimeColumn> make(const Schema& schema, const std::string& column);
  /// One a row. An error names the row that has none.
  Result<std::vector<std::int64_t>> read(const Batch& batch) const;
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  /// A column of this one's type; instants between two of its units are rounded down.
  Result<std::shared_ptr<arrow::Array>> write(const std::vector<std::int64_t>& instants) const;

 private:
  std::string column_;
  int place_ = 0;
  std::shared_ptr<arrow::DataType> type_;
  std::int64_t unit_ = 1;  // nanoseconds
};

}  // namespace klein
