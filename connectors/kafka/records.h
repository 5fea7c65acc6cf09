#pragma once
// KafkaRecords — records as columns: `value` and, where they are wanted, `key, topic, partition, offset, timestamp,
// headers`.

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"

namespace klein {

Schema kafka_schema(bool metadata);

/// Collects the records of one partition into batches.
class KafkaRecords {
 public:
  KafkaRecords(std::string topic, std::int32_t partition, bool metadata);
  ~KafkaRecords();
  Result<> add(const rd_kafka_message_t& message);
  std::int64_t rows() const { return static_cast<std::int64_t>(offsets_.size()); }
  std::int64_t bytes() const { return bytes_; }
  /// What was added since the last call; a row's number is its offset.
  Result<Batch> finish();

 private:
  struct Builders;
  struct Size {
    std::size_t rows = 0;
    std::int64_t bytes = 0;
  };

  Result<> reserve();

  const std::string topic_;
  const std::int32_t partition_;
  const bool metadata_;
  const std::unique_ptr<Builders> builders_;
  std::vector<std::int64_t> offsets_;
  std::int64_t bytes_ = 0;
  Size last_;  // of the last batch
};

}  // namespace klein
