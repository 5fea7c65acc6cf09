#pragma once
// KafkaProducer — sends records to one topic, in order, each once for the broker however often it is tried again.
// Called by one thread at a time; it never waits.

#include <cstdint>
#include <memory>
#include <string>

#include "connectors/kafka/client.h"
#include "connectors/kafka/format.h"
#include "connectors/kafka/topic_limits.h"

namespace klein {

class KafkaProducer {
 public:
  /// `own`: settings of Klein's beside those of every producer. Waits for the cluster.
  static Result<std::unique_ptr<KafkaProducer>> make(const KafkaCluster& cluster, const std::string& topic,
                                                     KafkaSettings own = {});
  ~KafkaProducer();

  /// Hands over rows from `next` on, which follows; false: there is no room for it now. The error of a record that
  /// can't be sent, `next`, or of one that was handed over before and did not arrive.
  Result<bool> send(const KafkaRows& rows, std::int64_t& next);
  /// Whether all that was handed over has arrived.
  Result<bool> arrived();
  KafkaClient& client() const { return *client_; }
  const TopicLimits& limits() const { return limits_; }

 private:
  KafkaProducer(std::unique_ptr<KafkaClient> client, TopicLimits limits);
  /// What is under way is as much as should be; there is room again once half of it has arrived.
  Result<bool> full();
  Error refused(rd_kafka_resp_err_t error) const;

  const std::unique_ptr<KafkaClient> client_;
  const TopicLimits limits_;
  const KafkaTopic topic_;
  std::int64_t sent_ = 0;  // bytes
  bool full_ = false;
};

}  // namespace klein
