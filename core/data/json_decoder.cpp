#include "data/json_decoder.h"

#include <arrow/array/array_nested.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/schema.h"

namespace klein {

namespace {

constexpr const char* no_object = "it is no object of JSON, {...}, and nothing else";

}  // namespace

std::optional<JsonDecoder> JsonDecoder::make(std::shared_ptr<arrow::Schema> schema) {
  auto row = JsonBuilder::make(arrow::struct_(schema->fields()));
  if (!row) return std::nullopt;
  return JsonDecoder(std::move(schema), std::move(row));
}

Result<> JsonDecoder::add(std::string_view json) {
  JsonScanner scanner(json);
  const auto rows = row_->length();
  if (scanner.next() != '{') {
    (void)scanner.skip();
    const bool bytes = scanner.why() == JsonScanner::no_utf8;
    return Error(Code::corrupt, bytes ? JsonScanner::no_utf8 : no_object);
  }
  if (row_->take(scanner) && !scanner.at_end()) (void)scanner.misplaced("the end");
  if (scanner.failed()) return refused(scanner, rows);
  return {};
}

Result<> JsonDecoder::add_all(std::string_view json) {
  JsonScanner scanner(json);
  const auto rows = row_->length();
  while (!scanner.at_end()) {
    if (scanner.next() != '{') {
      row_->cut(rows);
      return Error(Code::corrupt, "it holds no object; a row is {...}");
    }
    if (!row_->take(scanner)) return refused(scanner, rows);
  }
  return {};
}

/// What is wrong, in a sentence; rows behind the first `rows` go.
Error JsonDecoder::refused(JsonScanner& json, std::int64_t rows) {
  row_->cut(rows);
  if (json.why() == JsonScanner::no_utf8) return Error(Code::corrupt, JsonScanner::no_utf8);
  if (json.syntax()) return Error(Code::corrupt, std::string(no_object) + ": " + json.why());
  return Error(Code::corrupt, "this is no JSON of the columns' types: '" + json.path() + "' is " + json.why() +
                                  "; mend it, or give schema= with a type that holds all values");
}

Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::finish() {
  const auto rows = row_->length();
  auto row = row_->finish();
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (auto& column : row->child_data) columns.push_back(arrow::MakeArray(column));
  return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
}

}  // namespace klein
