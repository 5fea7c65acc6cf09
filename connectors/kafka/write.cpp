// write_kafka: rows as records of a topic. At least once: a snapshot waits until all that was written has arrived, and
// what was written since the last one is written again by a job that goes on. Exactly once: rows are staged beside the
// snapshot, and a commit writes them (committer.h): docs/decisions/0008-kafka.md says why.

#include "connectors/kafka/committer.h"
#include "connectors/kafka/format.h"
#include "connectors/kafka/offsets.h"
#include "connectors/kafka/plugin.h"
#include "connectors/kafka/producer.h"
#include "connectors/kafka/queue_waker.h"
#include "connectors/kafka/stage.h"

namespace klein {

namespace {

struct Target {
  KafkaCluster cluster;
  std::string topic;
  KafkaFormat format;
};

/// Records that the topic takes.
class Records {
 public:
  Records(Target target, TopicLimits limits) : target_(std::move(target)), limits_(std::move(limits)) {}

  Result<KafkaRows> of(const Batch& batch) {
    KLEIN_TRY(target_.format.check(batch.schema()));
    auto rows = KLEIN_TRY(target_.format.records(batch));
    if (limits_.check(rows, batch).ok()) return rows;
    limits_ = KLEIN_TRY(TopicLimits::of(target_.cluster, target_.topic));  // it may take more by now
    KLEIN_TRY(limits_.check(rows, batch));
    return rows;
  }

 private:
  const Target target_;
  TopicLimits limits_;
};

class KafkaWriter final : public Writer {
 public:
  explicit KafkaWriter(Target target, std::unique_ptr<KafkaProducer> producer)
      : records_(std::move(target), producer->limits()),
        producer_(std::move(producer)),
        queue_(rd_kafka_queue_get_main(producer_->client().get())),
        waker_(queue_.get()) {}

  Result<> open(const Context& context) override {
    waker_.set(context.waker);
    return {};
  }

  Result<Progress> write(Batch batch) override {
    rows_ = KLEIN_TRY(records_.of(batch));
    next_ = 0;
    auto progress = resume();
    if (!progress.ok() && producer_->client().poll().ok())  // it is this row's, and no earlier one's
      return std::move(progress).error().at_row(batch.row_id(std::min(next_, batch.rows() - 1)));
    return progress;
  }

  Result<Progress> resume() override {
    if (!rows_) return Progress::done;
    if (!KLEIN_TRY(producer_->send(*rows_, next_))) return Progress::pending;
    rows_.reset();
    return Progress::done;
  }

  Result<std::optional<Bytes>> prepare(Epoch) override {
    if (KLEIN_TRY(producer_->arrived())) return std::optional(Bytes());
    return std::optional<Bytes>();
  }

 private:
  Records records_;
  const std::unique_ptr<KafkaProducer> producer_;
  const KafkaQueue queue_;
  QueueWaker waker_;
  std::optional<KafkaRows> rows_;  // that there was no room for yet, from next_ on
  std::int64_t next_ = 0;
};

/// The transactions of a sink's writers, kept until the last commit, which comes when the writers have gone.
struct Held {
  Mutex mutex;
  std::vector<std::shared_ptr<KafkaWriterTransactions>> all KLEIN_GUARDED_BY(mutex);

  std::shared_ptr<KafkaWriterTransactions> of(const std::string& writer) {
    const Lock lock(mutex);
    return all.emplace_back(KafkaWriterTransactions::of(writer));
  }
};

/// Stages an epoch's rows.
class StagingWriter final : public Writer {
 public:
  StagingWriter(Target target, std::string run, int task, std::shared_ptr<Held> held)
      : target_(std::move(target)), run_(std::move(run)), task_(task), held_(std::move(held)) {}

  Result<> open(const Context& context) override {
    if (!context.store) {
      return Error(Code::invalid,
                   "delivery=\"exactly_once\" stages rows in the job's checkpoint; give it one, run(checkpoint=...)");
    }
    records_.emplace(target_, KLEIN_TRY(TopicLimits::of(target_.cluster, target_.topic)));
    stage_ = KLEIN_TRY(KafkaStage::open(*context.store, run_, context.step, task_));
    return held_->of(stage_->writer())->begin(target_.cluster, target_.topic);
  }

  Result<Progress> write(Batch batch) override {
    KLEIN_TRY(stage_->add(KLEIN_TRY(records_->of(batch))));
    return Progress::done;
  }

  Result<std::optional<Bytes>> prepare(Epoch) override {
    KafkaCommit commit{.cluster = target_.cluster, .topic = target_.topic, .writer = stage_->writer()};
    commit.staged = KLEIN_TRY(stage_->finish());
    if (commit.staged.empty()) return std::optional(Bytes());
    commit.number = stage_->next_number();
    commit.made = now_ms();
    return std::optional(commit.to_bytes());
  }

 private:
  const Target target_;
  const std::string run_;
  const int task_;
  const std::shared_ptr<Held> held_;
  std::optional<Records> records_;  // from `open` on
  std::optional<KafkaStage> stage_;
};

class KafkaSink final : public Sink {
 public:
  KafkaSink(Target target, bool exactly_once) : target_(std::move(target)), run_(exactly_once ? random_name() : "") {}

  Result<> check(const std::optional<Schema>& input) const override {
    if (input) KLEIN_TRY(target_.format.check(*input));
    const auto client =
        KLEIN_TRY(KafkaClient::make(RD_KAFKA_PRODUCER, target_.cluster, {{"allow.auto.create.topics", "false"}}, {}));
    KLEIN_TRY(client->reach());
    (void)KLEIN_TRY(partitions_of(*client, {target_.topic}));
    return {};
  }

  Result<std::unique_ptr<Writer>> open(int task, const std::optional<Schema>&) const override {
    if (!run_.empty()) return std::make_unique<StagingWriter>(target_, run_, task, held_);
    return std::make_unique<KafkaWriter>(target_, KLEIN_TRY(KafkaProducer::make(target_.cluster, target_.topic)));
  }

  Bytes residue() const override { return run_; }

 private:
  const Target target_;
  const std::shared_ptr<Held> held_ = std::make_shared<Held>();
  const std::string run_;  // this attempt's name for what it stages; empty: nothing is
};

}  // namespace

Result<std::unique_ptr<Sink>> make_kafka_sink(const Params& params) {
  Target target{KLEIN_TRY(KafkaCluster::make(params)), params.string("topic"), KLEIN_TRY(KafkaFormat::make(params))};
  if (target.topic.empty()) return Error(Code::invalid, "topic is empty; name the one to write to");
  remember_secrets(target.cluster);
  return std::make_unique<KafkaSink>(std::move(target), params.string("delivery") == "exactly_once");
}

}  // namespace klein
