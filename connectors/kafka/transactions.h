#pragma once
// KafkaTransactions — one writer's commits to a topic, each known by a number that rises. A commit is one transaction
// that holds the rows and, as an offset of a group that only this writer has, its number: whoever comes next reads
// there what was committed last. docs/formats/kafka-token.md has the format. Called by one thread at a time; calls
// wait.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "connectors/kafka/producer.h"

namespace klein {

class KafkaTransactions {
 public:
  /// The next rows of a commit; nothing: that was all.
  using Rows = std::function<Result<std::optional<KafkaRows>>()>;

  /// Ends what an earlier process of this writer has left open, and keeps it from going on.
  static Result<std::unique_ptr<KafkaTransactions>> begin(const KafkaCluster& cluster, const std::string& topic,
                                                          const std::string& writer);
  /// Nothing happens where this number, or a higher one, is committed.
  Result<> commit(std::int64_t number, const Rows& rows);
  /// The number of the last commit; nothing: none is known.
  const std::optional<std::int64_t>& last() const { return last_; }

 private:
  KafkaTransactions(std::unique_ptr<KafkaProducer> producer, std::string topic, std::string writer);
  Result<> write(const Rows& rows);
  Result<> number(std::int64_t number);
  static Result<std::optional<std::int64_t>> read_last(const KafkaCluster& cluster, const std::string& topic,
                                                       const std::string& writer);
  /// Tries again while that may help.
  Result<> done(const std::function<rd_kafka_error_t*()>& action, const std::string& what) const;

  const std::unique_ptr<KafkaProducer> producer_;
  const std::string topic_, writer_;
  std::optional<std::int64_t> last_;
};

}  // namespace klein
