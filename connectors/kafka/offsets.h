#pragma once
// Where reading a topic begins and ends, as the user says it, and the questions to the cluster that this takes.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/value.h"
#include "connectors/kafka/client.h"

namespace klein {

struct KafkaPartition {
  std::string topic;
  std::int32_t number = 0;

  /// `photos#3`
  std::string text() const { return topic + "#" + std::to_string(number); }
  static Result<KafkaPartition> from(const std::string& text);
};

/// What `start_offset` and `end_offset` say: a time (as Kafka counts it: milliseconds, or one of the two words), or
/// offsets by partition, beside which the rest begins at the earliest and ends at the latest.
struct KafkaOffsets {
  static constexpr std::int64_t latest = -1, earliest = -2;
  std::int64_t time = earliest;
  std::map<std::string, std::int64_t> by_partition = {};  // under `photos#3`

  /// "earliest", "latest", a time, or a mapping: of partitions where there is one topic, else of `photos#3`.
  static Result<KafkaOffsets> from(const Value& given, const std::string& name, const std::vector<std::string>& topics);
};

/// Where a reader stands, and where it is to stop.
struct KafkaPosition {
  std::int64_t next = 0;
  std::optional<std::int64_t> end = std::nullopt;

  Bytes to_bytes() const;
  static Result<KafkaPosition> from_bytes(const Bytes& bytes);
};

/// The topics' partitions, in order; an error that names the nearest where there is no such topic. Waits.
Result<std::vector<KafkaPartition>> partitions_of(KafkaClient& client, const std::vector<std::string>& topics);
/// The offset of the first record at or behind `when`, for each partition. Waits.
Result<std::vector<std::int64_t>> offsets_at(KafkaClient& client, const std::vector<KafkaPartition>& partitions,
                                             const KafkaOffsets& when);

}  // namespace klein
