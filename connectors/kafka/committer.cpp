#include "connectors/kafka/committer.h"

#include "connectors/kafka/plugin.h"
#include "data/codec.h"

namespace klein {

namespace {

/// For how long Kafka keeps a group's offsets that nobody renews, unless it is told otherwise: a week.
constexpr std::int64_t remembered_ms = 7LL * 24 * 3600 * 1000;

/// The staged rows, an object at a time.
KafkaTransactions::Rows staged_rows(const KafkaCommit& commit, const Store& store) {
  return [&, next = std::size_t{0}]() mutable -> Result<std::optional<KafkaRows>> {
    if (next == commit.staged.size()) return std::optional<KafkaRows>();
    const auto& key = commit.staged[next++];
    const auto bytes = KLEIN_TRY(store.read(key));
    if (!bytes) return Error(Code::corrupt, "rows that were staged for '" + commit.topic + "' are gone: " + key);
    return std::optional(KLEIN_TRY(KafkaRows::from_batch(KLEIN_TRY(decode(*bytes)))));
  };
}

class KafkaCommitter final : public Committer {
 public:
  explicit KafkaCommitter(Store* store) : store_(store) {}

  Result<> commit(Epoch, BytesView token) override {
    const auto commit = KLEIN_TRY(KafkaCommit::from_bytes(token));
    KLEIN_TRY(check_store());
    KLEIN_TRY(KafkaWriterTransactions::of(commit.writer)->commit(commit, *store_));
    return remove(commit.staged);
  }

  Result<> abort(Epoch, BytesView token) override {
    KLEIN_TRY(check_store());
    return remove(KLEIN_TRY(KafkaCommit::staged_in(token)));
  }

  Result<> clear(BytesView residue) override {
    KLEIN_TRY(check_store());
    return remove(KLEIN_TRY(store_->list(kafka_run_prefix(std::string(residue)))));
  }

 private:
  Result<> check_store() const {
    if (store_) return {};
    return Error(Code::internal, "rows for Kafka were staged, and there is no store");
  }

  Result<> remove(const std::vector<std::string>& keys) {
    for (const auto& key : keys) KLEIN_TRY(store_->remove(key));
    return {};
  }

  Store* const store_;
};

}  // namespace

std::shared_ptr<KafkaWriterTransactions> KafkaWriterTransactions::of(const std::string& writer) {
  struct Known {
    Mutex mutex;
    std::map<std::string, std::weak_ptr<KafkaWriterTransactions>> by_writer KLEIN_GUARDED_BY(mutex);
  };
  static auto* const known = new Known;  // never destroyed: a job may outlive the end of main
  const Lock lock(known->mutex);
  auto& slot = known->by_writer[writer];
  auto found = slot.lock();
  if (!found) slot = found = std::make_shared<KafkaWriterTransactions>(writer);
  return found;
}

Result<> KafkaWriterTransactions::begin(const KafkaCluster& cluster, const std::string& topic) {
  const Lock lock(mutex_);
  (void)KLEIN_TRY(begun(cluster, topic));
  return {};
}

Result<> KafkaWriterTransactions::commit(const KafkaCommit& commit, const Store& store) {
  const Lock lock(mutex_);
  auto* transactions = KLEIN_TRY(begun(commit.cluster, commit.topic));
  if (!transactions->last() && now_ms() - commit.made > remembered_ms) {
    return Error(Code::unavailable,
                 "it can't be told whether rows sealed more than a week ago were written to '" + commit.topic +
                     "': Kafka has forgotten what was committed. Look whether the topic has them; to go on without "
                     "writing them, begin anew with restart=True");
  }
  auto committed = transactions->commit(commit.number, staged_rows(commit, store));
  if (!committed.ok()) transactions_.reset();  // whoever tries again begins anew
  return committed;
}

Result<KafkaTransactions*> KafkaWriterTransactions::begun(const KafkaCluster& cluster, const std::string& topic) {
  if (!transactions_) transactions_ = KLEIN_TRY(KafkaTransactions::begin(cluster, topic, writer_));
  return transactions_.get();
}

Result<std::unique_ptr<Committer>> make_kafka_committer(Store* store) {
  return std::make_unique<KafkaCommitter>(store);
}

}  // namespace klein
