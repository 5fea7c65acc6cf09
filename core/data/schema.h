#pragma once
// Schema — the names and types of a batch's columns: Arrow's schema, with the questions that steps ask of it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace arrow {
class Schema;
class DataType;
class Status;
}  // namespace arrow

namespace klein {

class Schema {
 public:
  Schema();  // no columns
  explicit Schema(std::shared_ptr<arrow::Schema> schema);

  const std::shared_ptr<arrow::Schema>& arrow() const { return schema_; }
  int columns() const;
  std::vector<std::string> names() const;
  /// The column's position, or an error that names the nearest column.
  Result<int> index(std::string_view column) const;
  bool has(std::string_view column) const;
  /// The column's type, or an error that names the nearest column.
  Result<std::shared_ptr<arrow::DataType>> type(std::string_view column) const;
  /// `id: int64, bytes: binary`
  std::string text() const;
  /// Names and types; metadata is not compared.
  bool operator==(const Schema& other) const;

 private:
  std::shared_ptr<arrow::Schema> schema_;
};

/// The schema of rows of both: the same columns, where a column without a value so far (Arrow's null type) takes the
/// other's type. Nothing: they differ.
std::optional<Schema> unified(const Schema& one, const Schema& other);

/// A type in words: `int64`, `tensor[224, 224, 3] of uint8`.
std::string text(const arrow::DataType& type);

/// Arrow's failure as ours.
Error to_error(const arrow::Status& status);
Error to_error(const arrow::Status& status, Code code);

/// The value of an arrow::Result, or return its error, as ours, from the calling function.
#define KLEIN_ARROW(expression)                                            \
  ({                                                                       \
    auto klein_arrow = (expression);                                       \
    if (!klein_arrow.ok()) return ::klein::to_error(klein_arrow.status()); \
    std::move(klein_arrow).ValueUnsafe();                                  \
  })
#define KLEIN_ARROW_OK(expression)                                \
  ({                                                              \
    const auto klein_arrow = (expression);                        \
    if (!klein_arrow.ok()) return ::klein::to_error(klein_arrow); \
  })

}  // namespace klein
