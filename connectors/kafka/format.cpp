#include "connectors/kafka/format.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <charconv>

#include "data/json_text.h"

namespace klein {

namespace {

std::shared_ptr<arrow::Schema> records_schema() {
  static const auto schema =
      arrow::schema({arrow::field("key", arrow::binary()), arrow::field("value", arrow::binary()),
                     arrow::field("partition", arrow::int32())});
  return schema;
}

bool is_bytes(const arrow::DataType& type) {
  return type.id() == arrow::Type::BINARY || type.id() == arrow::Type::STRING;
}

using Bytes32 = std::shared_ptr<arrow::BinaryArray>;

/// Text and bytes are the same where text is not checked.
Bytes32 as_bytes(const arrow::Array& array) {
  auto data = array.data()->Copy();
  data->type = arrow::binary();
  return std::make_shared<arrow::BinaryArray>(std::move(data));
}

Result<std::optional<std::int64_t>> integer_at(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return std::optional<std::int64_t>();
  switch (array.type_id()) {
    case arrow::Type::INT8: return std::optional<std::int64_t>(static_cast<const arrow::Int8Array&>(array).Value(row));
    case arrow::Type::INT16:
      return std::optional<std::int64_t>(static_cast<const arrow::Int16Array&>(array).Value(row));
    case arrow::Type::INT32:
      return std::optional<std::int64_t>(static_cast<const arrow::Int32Array&>(array).Value(row));
    case arrow::Type::INT64:
      return std::optional<std::int64_t>(static_cast<const arrow::Int64Array&>(array).Value(row));
    case arrow::Type::UINT8:
      return std::optional<std::int64_t>(static_cast<const arrow::UInt8Array&>(array).Value(row));
    case arrow::Type::UINT16:
      return std::optional<std::int64_t>(static_cast<const arrow::UInt16Array&>(array).Value(row));
    case arrow::Type::UINT32:
      return std::optional<std::int64_t>(static_cast<const arrow::UInt32Array&>(array).Value(row));
    default: return Error(Code::internal, "a column that was checked holds no integers");
  }
}

bool is_whole(const arrow::DataType& type) { return arrow::is_integer(type.id()) && type.id() != arrow::Type::UINT64; }

Result<Bytes32> nothing(std::int64_t rows) {
  arrow::BinaryBuilder builder;
  KLEIN_ARROW_OK(builder.AppendNulls(rows));
  return std::static_pointer_cast<arrow::BinaryArray>(KLEIN_ARROW(builder.Finish()));
}

Result<Bytes32> json_values(const Batch& batch) {
  std::string lines;
  KLEIN_TRY(append_json_lines(batch, lines));
  arrow::BinaryBuilder builder;
  KLEIN_ARROW_OK(builder.Reserve(batch.rows()));
  KLEIN_ARROW_OK(builder.ReserveData(static_cast<std::int64_t>(lines.size())));
  for (std::size_t begin = 0, end = 0; begin < lines.size(); begin = end + 1) {
    end = lines.find('\n', begin);
    builder.UnsafeAppend(std::string_view(lines).substr(begin, end - begin));
  }
  return std::static_pointer_cast<arrow::BinaryArray>(KLEIN_ARROW(builder.Finish()));
}

/// A stream of Arrow's, of one batch of one row, for each.
Result<Bytes32> arrow_values(const Batch& batch) {
  arrow::BinaryBuilder builder;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const auto bytes = KLEIN_ARROW(arrow::io::BufferOutputStream::Create());
    const auto writer = KLEIN_ARROW(arrow::ipc::MakeStreamWriter(bytes, batch.columns()->schema()));
    KLEIN_ARROW_OK(writer->WriteRecordBatch(*batch.columns()->Slice(row, 1)));
    KLEIN_ARROW_OK(writer->Close());
    const auto stream = KLEIN_ARROW(bytes->Finish());
    KLEIN_ARROW_OK(builder.Append(std::string_view(*stream)));
  }
  return std::static_pointer_cast<arrow::BinaryArray>(KLEIN_ARROW(builder.Finish()));
}

Result<Batch> selected(const Batch& batch, const std::vector<std::string>& columns) {
  const auto schema = batch.schema();
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& column : columns) {
    const auto place = KLEIN_TRY(schema.index(column));
    fields.push_back(schema.arrow()->field(place));
    arrays.push_back(batch.columns()->column(place));
  }
  return batch.with(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.rows(), std::move(arrays)));
}

}  // namespace

std::int64_t KafkaRows::rows() const { return value->length(); }

Batch KafkaRows::to_batch() const {
  return Batch(arrow::RecordBatch::Make(records_schema(), rows(), arrow::ArrayVector{key, value, partition}));
}

Result<KafkaRows> KafkaRows::from_batch(const Batch& batch) {
  const auto& columns = *batch.columns();
  if (!columns.schema()->Equals(*records_schema(), false))
    return Error(Code::corrupt, "what is staged is no records: " + batch.schema().text());
  return KafkaRows{std::static_pointer_cast<arrow::BinaryArray>(columns.column(0)),
                   std::static_pointer_cast<arrow::BinaryArray>(columns.column(1)),
                   std::static_pointer_cast<arrow::Int32Array>(columns.column(2))};
}

Result<KafkaFormat> KafkaFormat::make(const Params& params) {
  KafkaFormat format;
  const auto& value = params.string("value_format");
  format.value_ = value == "raw" ? Value::raw : value == "arrow" ? Value::arrow : Value::json;
  if (!params.is_null("key")) format.key_ = params.string("key");
  if (!params.is_null("partition")) format.partition_ = params.string("partition");
  if (!params.is_null("columns")) format.columns_ = params.strings("columns");
  if (format.columns_ && format.columns_->empty())
    return Error(Code::invalid, "columns is an empty list; name those that a record's value is made of");
  return format;
}

Result<std::vector<std::string>> KafkaFormat::value_columns(const Schema& schema) const {
  if (columns_) return *columns_;
  if (value_ == Value::raw && schema.has("value")) return std::vector<std::string>{"value"};
  auto columns = schema.names();
  std::erase_if(columns, [&](const std::string& name) { return name == partition_; });
  if (value_ == Value::raw) std::erase_if(columns, [&](const std::string& name) { return name == key_; });
  return columns;
}

Result<> KafkaFormat::check(const Schema& schema) const {
  if (key_) {
    const auto type = KLEIN_TRY(schema.type(*key_));
    if (!is_bytes(*type) && !is_whole(*type))
      return Error(Code::invalid, "the key '" + *key_ + "' is " + text(*type) + "; a key is text, bytes or an integer");
  }
  if (partition_) {
    const auto type = KLEIN_TRY(schema.type(*partition_));
    if (!is_whole(*type))
      return Error(Code::invalid, "the partition '" + *partition_ + "' is " + text(*type) + "; it is an integer");
  }
  const auto columns = KLEIN_TRY(value_columns(schema));
  arrow::FieldVector fields;
  for (const auto& column : columns) fields.push_back(schema.arrow()->field(KLEIN_TRY(schema.index(column))));
  if (fields.empty()) return Error(Code::invalid, "no column is left for a record's value; name them with columns=");
  if (value_ == Value::json) return check_json_text(Schema(arrow::schema(fields)));
  if (value_ == Value::raw && (fields.size() != 1 || !is_bytes(*fields.front()->type()))) {
    return Error(Code::invalid, "value_format=\"raw\" takes one column of text or bytes as a record's value, not " +
                                    Schema(arrow::schema(fields)).text() + "; name it with columns=");
  }
  return {};
}

Result<KafkaRows> KafkaFormat::records(const Batch& batch) const {
  return KafkaRows{KLEIN_TRY(keys(batch)), KLEIN_TRY(values(batch)), KLEIN_TRY(partitions(batch))};
}

Result<Bytes32> KafkaFormat::values(const Batch& batch) const {
  const auto rows = KLEIN_TRY(selected(batch, KLEIN_TRY(value_columns(batch.schema()))));
  if (value_ == Value::json) return json_values(rows);
  if (value_ == Value::arrow) return arrow_values(rows);
  return as_bytes(*rows.columns()->column(0));
}

Result<Bytes32> KafkaFormat::keys(const Batch& batch) const {
  if (!key_) return nothing(batch.rows());
  const auto& column = *batch.columns()->column(KLEIN_TRY(batch.schema().index(*key_)));
  if (is_bytes(*column.type())) return as_bytes(column);
  arrow::BinaryBuilder builder;
  for (std::int64_t row = 0; row < column.length(); ++row) {
    const auto number = KLEIN_TRY(integer_at(column, row));
    if (number) KLEIN_ARROW_OK(builder.Append(std::to_string(*number)));
    if (!number) KLEIN_ARROW_OK(builder.AppendNull());
  }
  return std::static_pointer_cast<arrow::BinaryArray>(KLEIN_ARROW(builder.Finish()));
}

Result<std::shared_ptr<arrow::Int32Array>> KafkaFormat::partitions(const Batch& batch) const {
  arrow::Int32Builder builder;
  if (!partition_) {
    KLEIN_ARROW_OK(builder.AppendNulls(batch.rows()));
    return std::static_pointer_cast<arrow::Int32Array>(KLEIN_ARROW(builder.Finish()));
  }
  const auto& column = *batch.columns()->column(KLEIN_TRY(batch.schema().index(*partition_)));
  for (std::int64_t row = 0; row < column.length(); ++row) {
    const auto number = KLEIN_TRY(integer_at(column, row));
    if (number && (*number < 0 || *number > 1 << 30)) {
      return Error(Code::invalid, "a partition is a number from 0, not " + std::to_string(*number))
          .at_row(batch.row_id(row));
    }
    if (number) KLEIN_ARROW_OK(builder.Append(static_cast<std::int32_t>(*number)));
    if (!number) KLEIN_ARROW_OK(builder.AppendNull());
  }
  return std::static_pointer_cast<arrow::Int32Array>(KLEIN_ARROW(builder.Finish()));
}

}  // namespace klein
