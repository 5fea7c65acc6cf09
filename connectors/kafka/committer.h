#pragma once
// KafkaCommitter — makes a token's staged rows records of the topic, once. A writer's transactions are begun once a
// process and kept for as long as somebody holds them, since beginning them takes tens of milliseconds.

#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "connectors/kafka/stage.h"
#include "connectors/kafka/transactions.h"
#include "op/connector.h"

namespace klein {

/// One writer's, in this process. Any thread; a call may wait for the cluster.
class KafkaWriterTransactions {
 public:
  /// Those of the writer of that name, which all who ask share while one of them lives.
  static std::shared_ptr<KafkaWriterTransactions> of(const std::string& writer);
  explicit KafkaWriterTransactions(std::string writer) : writer_(std::move(writer)) {}

  /// Begins them where they are not: refuses what the cluster will not allow, and keeps earlier processes from going
  /// on.
  Result<> begin(const KafkaCluster& cluster, const std::string& topic);
  Result<> commit(const KafkaCommit& commit, const Store& store);

 private:
  Result<KafkaTransactions*> begun(const KafkaCluster& cluster, const std::string& topic) KLEIN_REQUIRES(mutex_);

  const std::string writer_;
  Mutex mutex_;
  std::unique_ptr<KafkaTransactions> transactions_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace klein
