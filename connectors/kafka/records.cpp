#include "connectors/kafka/records.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <utility>

namespace klein {

namespace {

std::shared_ptr<arrow::DataType> header_type() {
  return arrow::struct_({arrow::field("key", arrow::utf8(), false), arrow::field("value", arrow::binary())});
}

}  // namespace

Schema kafka_schema(bool metadata) {
  arrow::FieldVector fields = {arrow::field("value", arrow::binary())};
  if (metadata) {
    fields.push_back(arrow::field("key", arrow::binary()));
    fields.push_back(arrow::field("topic", arrow::utf8(), false));
    fields.push_back(arrow::field("partition", arrow::int32(), false));
    fields.push_back(arrow::field("offset", arrow::int64(), false));
    fields.push_back(arrow::field("timestamp", arrow::timestamp(arrow::TimeUnit::MILLI, "UTC")));
    fields.push_back(arrow::field("headers", arrow::list(header_type())));
  }
  return Schema(arrow::schema(std::move(fields)));
}

struct KafkaRecords::Builders {
  arrow::BinaryBuilder value, key;
  arrow::TimestampBuilder timestamp{arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"), arrow::default_memory_pool()};
  std::shared_ptr<arrow::StringBuilder> header_key = std::make_shared<arrow::StringBuilder>();
  std::shared_ptr<arrow::BinaryBuilder> header_value = std::make_shared<arrow::BinaryBuilder>();
  std::shared_ptr<arrow::StructBuilder> header = std::make_shared<arrow::StructBuilder>(
      header_type(), arrow::default_memory_pool(),
      std::vector<std::shared_ptr<arrow::ArrayBuilder>>{header_key, header_value});
  arrow::ListBuilder headers{arrow::default_memory_pool(), header, arrow::list(header_type())};

  Result<> add(const rd_kafka_message_t& message) {
    KLEIN_TRY(append(key, message.key, message.key_len));
    rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const auto time = rd_kafka_message_timestamp(&message, &kind);
    KLEIN_ARROW_OK(kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? timestamp.AppendNull() : timestamp.Append(time));
    KLEIN_ARROW_OK(headers.Append());
    rd_kafka_headers_t* all = nullptr;
    if (rd_kafka_message_headers(&message, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    const char* name = nullptr;
    const void* bytes = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(all, i, &name, &bytes, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      KLEIN_ARROW_OK(header->Append());
      KLEIN_ARROW_OK(header_key->Append(name));
      KLEIN_TRY(append(*header_value, bytes, size));
    }
    return {};
  }

  static Result<> append(arrow::BinaryBuilder& to, const void* bytes, std::size_t size) {
    if (bytes) {
      KLEIN_ARROW_OK(to.Append(static_cast<const std::uint8_t*>(bytes), static_cast<std::int32_t>(size)));
    } else {
      KLEIN_ARROW_OK(to.AppendNull());
    }
    return {};
  }
};

KafkaRecords::KafkaRecords(std::string topic, std::int32_t partition, bool metadata)
    : topic_(std::move(topic)), partition_(partition), metadata_(metadata), builders_(std::make_unique<Builders>()) {}

KafkaRecords::~KafkaRecords() = default;

Result<> KafkaRecords::add(const rd_kafka_message_t& message) {
  if (offsets_.empty()) KLEIN_TRY(reserve());
  KLEIN_TRY(Builders::append(builders_->value, message.payload, message.len));
  if (metadata_) KLEIN_TRY(builders_->add(message));
  offsets_.push_back(message.offset);
  bytes_ += static_cast<std::int64_t>(message.len + message.key_len);
  return {};
}

/// Room for as much as the last batch took, so that nothing is moved while it grows.
Result<> KafkaRecords::reserve() {
  offsets_.reserve(last_.rows);
  KLEIN_ARROW_OK(builders_->value.Reserve(static_cast<std::int64_t>(last_.rows)));
  KLEIN_ARROW_OK(builders_->value.ReserveData(last_.bytes));
  return {};
}

Result<Batch> KafkaRecords::finish() {
  last_ = {offsets_.size(), bytes_};
  const auto rows = std::exchange(offsets_, {});
  bytes_ = 0;
  const auto count = static_cast<std::int64_t>(rows.size());
  arrow::ArrayVector columns{KLEIN_ARROW(builders_->value.Finish())};
  if (metadata_) {
    columns.push_back(KLEIN_ARROW(builders_->key.Finish()));
    columns.push_back(KLEIN_ARROW(arrow::MakeArrayFromScalar(arrow::StringScalar(topic_), count)));
    columns.push_back(KLEIN_ARROW(arrow::MakeArrayFromScalar(arrow::Int32Scalar(partition_), count)));
    arrow::Int64Builder offsets;
    KLEIN_ARROW_OK(offsets.AppendValues(rows));
    columns.push_back(KLEIN_ARROW(offsets.Finish()));
    columns.push_back(KLEIN_ARROW(builders_->timestamp.Finish()));
    columns.push_back(KLEIN_ARROW(builders_->headers.Finish()));
  }
  Header header;
  header.row = rows.empty() ? 0 : rows.front();
  if (!rows.empty() && rows.back() - rows.front() + 1 != count)
    header.index = std::make_shared<const std::vector<std::int64_t>>(rows);
  return Batch(arrow::RecordBatch::Make(kafka_schema(metadata_).arrow(), count, std::move(columns)), std::move(header));
}

}  // namespace klein
