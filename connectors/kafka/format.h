#pragma once
// KafkaFormat — what a record is made of: which column is its key, which its partition, and how the rest becomes its
// value. Records are rows of three columns, so that they can be staged like any rows.

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/batch.h"
#include "op/params.h"

namespace klein {

/// `key` and `value` as bytes, null where there is none; `partition`, null where Kafka's partitioner chooses.
struct KafkaRows {
  std::shared_ptr<arrow::BinaryArray> key, value;
  std::shared_ptr<arrow::Int32Array> partition;

  std::int64_t rows() const;
  Batch to_batch() const;
  static Result<KafkaRows> from_batch(const Batch& batch);
};

class KafkaFormat {
 public:
  enum class Value { json, raw, arrow };

  static Result<KafkaFormat> make(const Params& params);
  /// Refuses rows that can't be records.
  Result<> check(const Schema& schema) const;
  /// A record for each row.
  Result<KafkaRows> records(const Batch& batch) const;

 private:
  Result<std::vector<std::string>> value_columns(const Schema& schema) const;
  Result<std::shared_ptr<arrow::BinaryArray>> values(const Batch& batch) const;
  Result<std::shared_ptr<arrow::BinaryArray>> keys(const Batch& batch) const;
  Result<std::shared_ptr<arrow::Int32Array>> partitions(const Batch& batch) const;

  Value value_ = Value::json;
  std::optional<std::string> key_, partition_;
  std::optional<std::vector<std::string>> columns_;
};

}  // namespace klein
