#pragma once
// KafkaClient — one connection to a cluster, as librdkafka has it: threads of its own do all waiting, and callbacks
// leave what they say here. Any thread.

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "op/params.h"

namespace klein {

/// How long a question to the cluster may take.
inline constexpr int answer_within_ms = 4000;

using KafkaSettings = std::vector<std::pair<std::string, std::string>>;

/// Which cluster, and what the user says of the connection.
struct KafkaCluster {
  std::string servers;
  KafkaSettings client;

  /// From `bootstrap_servers` and `client`. Settings that Klein must make itself are refused.
  static Result<KafkaCluster> make(const Params& params);
};

template <auto destroy>
struct KafkaDeleter {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using KafkaPartitions =
    std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaDeleter<rd_kafka_topic_partition_list_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDeleter<rd_kafka_queue_destroy>>;
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, KafkaDeleter<rd_kafka_topic_destroy>>;

class KafkaClient {
 public:
  /// `own`: settings that are Klein's; the user's go before those of them that are only defaults.
  static Result<std::unique_ptr<KafkaClient>> make(rd_kafka_type_t type, const KafkaCluster& cluster,
                                                   const KafkaSettings& defaults, const KafkaSettings& own);
  ~KafkaClient();
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_t* get() const { return client_; }
  const std::string& servers() const { return servers_; }
  /// Serves callbacks. An error: the client can't go on.
  Result<> poll();
  /// Waits until a broker answers, for answer_within_ms at most.
  Result<> reach();
  void reached() { reached_ = true; }
  bool is_reached() const { return reached_; }
  /// Bytes of all records that were sent and have arrived, or have failed, as far as `poll` has seen.
  std::int64_t answered() const { return answered_; }
  /// librdkafka's error as ours; `what` could not be done.
  Error failed(rd_kafka_resp_err_t error, const std::string& what) const;

 private:
  explicit KafkaClient(std::string servers) : servers_(std::move(servers)) {}
  static void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text);
  static void on_error(rd_kafka_t* client, int error, const char* reason, void* opaque);
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  void note(std::string reason);
  void fail(Error error);
  Error unreachable() const;

  const std::string servers_;
  rd_kafka_t* client_ = nullptr;  // constant once it is made
  std::atomic<bool> reached_{false};
  std::atomic<std::int64_t> answered_{0};
  mutable Mutex mutex_;
  std::string reason_ KLEIN_GUARDED_BY(mutex_);  // of the last failure to connect
  std::optional<Error> fatal_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace klein
