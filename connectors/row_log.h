#pragma once
// A log of rows: Arrow's stream of batches in a file that may end behind any of them. For files whose format can't be
// cut: their rows are logged until the file is complete.

#include <memory>
#include <optional>
#include <string>

#include "connectors/file_format.h"

namespace arrow {
class RecordBatchReader;
}

namespace klein {

/// `note` comes back from whoever reads the log.
Result<std::unique_ptr<OutputFile>> make_row_log(const std::string& path, const Schema& schema,
                                                 const std::string& note);

class RowLogReader {
 public:
  static Result<std::unique_ptr<RowLogReader>> open(const std::string& path);
  explicit RowLogReader(std::shared_ptr<arrow::RecordBatchReader> reader) : reader_(std::move(reader)) {}
  Schema schema() const;
  std::string note() const;
  /// Nothing: that was all.
  Result<std::optional<Batch>> next();

 private:
  const std::shared_ptr<arrow::RecordBatchReader> reader_;
};

}  // namespace klein
