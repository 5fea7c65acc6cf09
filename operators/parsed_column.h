#pragma once
// ParsedColumn — a column of text or bytes, and the columns that stand in its place once each value is parsed.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"

namespace arrow {
class BinaryArray;
}

namespace klein {

class ParsedColumn {
 public:
  /// Refuses a column that is not there or holds no text or bytes, and names that another column has.
  static Result<ParsedColumn> make(const Schema& input, const std::string& column, const Schema& parsed);

  const Schema& output() const { return output_; }
  std::shared_ptr<arrow::BinaryArray> of(const Batch& batch) const;
  /// The columns of `parsed` in place of the column; its i-th row comes from row `origin[i]`.
  Result<Batch> replaced(const Batch& batch, const std::vector<std::int64_t>& origin,
                         const arrow::RecordBatch& parsed) const;

 private:
  ParsedColumn(int place, Schema output) : place_(place), output_(std::move(output)) {}

  int place_;
  Schema output_;
};

}  // namespace klein
