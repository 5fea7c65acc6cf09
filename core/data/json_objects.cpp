#include "data/json_objects.h"

#include <arrow/buffer.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include <algorithm>

#include "data/json_decoder.h"
#include "data/schema.h"

namespace klein {

namespace {

/// What Arrow says, without where among the objects it is, and what to do.
Error wrong_json(std::string message) {
  for (const std::string_view words : {"JSON parse error: ", "Failed to convert JSON to "}) {
    if (message.starts_with(words)) message.erase(0, words.size());
  }
  message.erase(std::min(message.rfind(" in row "), message.size()));
  if (message.starts_with("Column()")) return Error(Code::corrupt, "it holds no object; a row is {...}");
  const bool type = message.find("changed from") != std::string::npos || message.find("parse:") != std::string::npos;
  return Error(Code::corrupt, "this is no JSON of the columns' types: " + message +
                                  (type ? "; mend it, or give schema= with a type that holds all values" : ""));
}

bool is_space(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

}  // namespace

bool is_utf8(std::string_view text) {
  static const bool ready = [] {
    arrow::util::InitializeUTF8();  // without it, all is taken for valid
    return true;
  }();
  return ready && arrow::util::ValidateUTF8(text);
}

Result<std::shared_ptr<arrow::RecordBatch>> parse_json_objects(std::string_view objects,
                                                               const std::shared_ptr<arrow::Schema>& schema) {
  if (schema && objects.empty()) return KLEIN_ARROW(arrow::RecordBatch::MakeEmpty(schema));
  if (auto decoder = schema ? JsonDecoder::make(schema) : std::nullopt) {
    KLEIN_TRY(decoder->add_all(objects));
    return decoder->finish();
  }
  auto options = arrow::json::ParseOptions::Defaults();
  options.explicit_schema = schema;
  options.unexpected_field_behavior =
      schema ? arrow::json::UnexpectedFieldBehavior::Ignore : arrow::json::UnexpectedFieldBehavior::InferType;
  const auto parsed = arrow::json::ParseOne(options, std::make_shared<arrow::Buffer>(objects));
  if (!parsed.ok()) return wrong_json(parsed.status().message());
  if (!schema) return *parsed;
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) columns.push_back((*parsed)->GetColumnByName(field->name()));
  return arrow::RecordBatch::Make(schema, (*parsed)->num_rows(), std::move(columns));
}

bool is_one_json_object(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  if (!text.starts_with('{')) return false;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    if (byte == '"') quoted = !quoted;
    if (byte == '\\' && quoted) ++i;
    if (quoted) continue;
    if (byte == '{' || byte == '[') ++depth;
    if ((byte == '}' || byte == ']') && --depth == 0) return i + 1 == text.size();
  }
  return false;
}

}  // namespace klein
