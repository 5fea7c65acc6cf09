#pragma once
// Table — rows in memory that a flow begins with: what `from_arrow` and `from_items` read. Nothing is copied.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/value.h"
#include "data/batch.h"

namespace klein {

/// Constant after it is made; any thread.
class Table final : public Object {
 public:
  /// Every batch has the columns of `schema`.
  Table(Schema schema, std::vector<Batch> batches);
  std::string text() const override;  // "table of 3 rows"

  const Schema& schema() const { return schema_; }
  const std::vector<Batch>& batches() const { return batches_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t bytes() const { return bytes_; }

 private:
  const Schema schema_;
  const std::vector<Batch> batches_;
  std::int64_t rows_ = 0, bytes_ = 0;
};

}  // namespace klein
