#pragma once
// TopicLimits — which records a topic takes. What is staged must be one of them: a broker that refused it later, when
// it is sealed, would refuse it for ever.

#include <cstdint>
#include <string>

#include "connectors/kafka/client.h"
#include "connectors/kafka/format.h"

namespace klein {

struct TopicLimits {
  std::string topic;
  std::int32_t partitions = 0;
  std::int64_t bytes = 0;   // of a record
  bool needs_keys = false;  // the newest record of each key is kept

  /// Asks the cluster, with a client of its own. Where it may not tell, the client's limit holds. Waits.
  static Result<TopicLimits> of(const KafkaCluster& cluster, const std::string& topic);
  /// The error of the first record that the topic does not take has its row.
  Result<> check(const KafkaRows& records, const Batch& batch) const;

 private:
  Result<> check(const KafkaRows& records, std::int64_t row) const;
};

}  // namespace klein
