#pragma once
// Arrow to dicts: a batch's rows as Python sees them. Keys are made once and shared; nothing is looked up a row.
// GIL held in every call.

#include "interpreter.h"

#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"

namespace klein::py {

/// A column's values as Python objects.
class Cells {
 public:
  virtual ~Cells() = default;
  /// A new reference; null with the exception set where it can't be made.
  virtual PyObject* get(std::int64_t row) const = 0;
};

/// `name` is for the message about a type that Python has nothing for.
Result<std::unique_ptr<Cells>> cells_of(const std::shared_ptr<arrow::Array>& column, const std::string& name);

// The types with a file of their own; null for all others.
std::unique_ptr<Cells> time_cells(const std::shared_ptr<arrow::Array>& column);
Result<std::unique_ptr<Cells>> nested_cells(const std::shared_ptr<arrow::Array>& column, const std::string& name);
std::unique_ptr<Cells> tensor_cells(const std::shared_ptr<arrow::Array>& column);

class RowReader {
 public:
  /// Reads from `batch` next.
  Result<> open(const Batch& batch);
  /// A new dict; null with the exception set.
  PyObject* row(std::int64_t row) const;

 private:
  std::shared_ptr<arrow::Schema> schema_;  // that the keys are of
  std::vector<Reference> keys_;
  std::vector<std::unique_ptr<Cells>> cells_;
};

}  // namespace klein::py
