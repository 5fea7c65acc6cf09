#pragma once
// JsonDecoder — rows from objects of JSON, by a schema: members of other names are passed over, and what an object
// lacks is null. An object that is wrong leaves no trace.

#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "data/json_builder.h"

namespace klein {

class JsonDecoder {
 public:
  /// Nothing: the schema has a type, such as a decimal, that it has no way for.
  static std::optional<JsonDecoder> make(std::shared_ptr<arrow::Schema> schema);

  /// Adds the row of the one object that `json` is.
  Result<> add(std::string_view json);
  /// Adds the rows of objects that follow each other, with or without white space between them.
  Result<> add_all(std::string_view json);
  std::int64_t rows() const { return row_->length(); }
  /// What was added since the last call.
  Result<std::shared_ptr<arrow::RecordBatch>> finish();

 private:
  JsonDecoder(std::shared_ptr<arrow::Schema> schema, std::unique_ptr<JsonBuilder> row)
      : schema_(std::move(schema)), row_(std::move(row)) {}
  Error refused(JsonScanner& json, std::int64_t rows);

  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<JsonBuilder> row_;
};

}  // namespace klein
