#pragma once
// KafkaStage — the rows of an epoch, staged in the checkpoint's store as records until the epoch is sealed, and the
// token that says where they are and where they go. docs/formats/kafka-token.md has both.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/format.h"
#include "store/store.h"

namespace klein {

/// What a token says.
struct KafkaCommit {
  KafkaCluster cluster;  // its secrets are this process's, not the token's
  std::string topic;
  std::string writer;  // who committed before it, and who is fenced off: one name a task, as long as the checkpoint
  std::int64_t number = 0;               // of the commit, rising
  std::int64_t made = 0;                 // milliseconds since 1970
  std::vector<std::string> staged = {};  // keys, in order

  Bytes to_bytes() const;
  static Result<KafkaCommit> from_bytes(BytesView bytes);
  /// What a token names that is staged; it asks for no secrets.
  static Result<std::vector<std::string>> staged_in(BytesView bytes);
};

/// Settings that tokens must not hold are known here, for commits of this process, as long as it runs.
void remember_secrets(const KafkaCluster& cluster);

class KafkaStage {
 public:
  /// `run`: of this attempt alone. `step` and `task` find the writer's name, made where there is none.
  static Result<KafkaStage> open(Store& store, const std::string& run, const std::string& step, int task);

  /// Rows that are many enough are stored.
  Result<> add(KafkaRows rows);
  /// Stores the rest. The keys of all that was added since the last call; none: nothing was.
  Result<std::vector<std::string>> finish();
  const std::string& writer() const { return writer_; }
  /// For the next commit; higher than all before it, of earlier attempts too.
  std::int64_t next_number() { return number_ += 1; }

 private:
  KafkaStage(Store& store, std::string prefix, std::string writer, std::int64_t number)
      : store_(&store), prefix_(std::move(prefix)), writer_(std::move(writer)), number_(number) {}
  Result<> flush();

  Store* store_;
  std::string prefix_, writer_;
  std::int64_t number_, objects_ = 0, bytes_ = 0;
  std::vector<Batch> waiting_;
  std::vector<std::string> keys_;
};

/// That no other has.
std::string random_name();
std::int64_t now_ms();

/// Where everything lies that a run stages.
std::string kafka_run_prefix(const std::string& run);

}  // namespace klein
