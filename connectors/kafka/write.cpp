// write_kafka: rows as records of a topic. At least once: a snapshot waits until all that was written has arrived, and
// what was written since the last one is written again by a job that goes on.

#include "connectors/kafka/format.h"
#include "connectors/kafka/offsets.h"
#include "connectors/kafka/plugin.h"
#include "connectors/kafka/producer.h"
#include "connectors/kafka/queue_waker.h"

namespace klein {

namespace {

struct Target {
  KafkaCluster cluster;
  std::string topic;
  KafkaFormat format;
};

class KafkaWriter final : public Writer {
 public:
  explicit KafkaWriter(Target target, std::unique_ptr<KafkaProducer> producer)
      : target_(std::move(target)),
        producer_(std::move(producer)),
        queue_(rd_kafka_queue_get_main(producer_->client().get())),
        waker_(queue_.get()) {}

  Result<> open(const Context& context) override {
    waker_.set(context.waker);
    return {};
  }

  Result<Progress> write(Batch batch) override {
    KLEIN_TRY(target_.format.check(batch.schema()));
    rows_ = KLEIN_TRY(target_.format.records(batch));
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
  const Target target_;
  const std::unique_ptr<KafkaProducer> producer_;
  const KafkaQueue queue_;
  QueueWaker waker_;
  std::optional<KafkaRows> rows_;  // that there was no room for yet, from next_ on
  std::int64_t next_ = 0;
};

class KafkaSink final : public Sink {
 public:
  explicit KafkaSink(Target target) : target_(std::move(target)) {}

  Result<> check(const std::optional<Schema>& input) const override {
    if (input) KLEIN_TRY(target_.format.check(*input));
    const auto producer = KLEIN_TRY(KafkaProducer::make(target_.cluster, target_.topic));
    KLEIN_TRY(producer->client().reach());
    (void)KLEIN_TRY(partitions_of(producer->client(), {target_.topic}));
    return {};
  }

  Result<std::unique_ptr<Writer>> open(int, const std::optional<Schema>&) const override {
    return std::make_unique<KafkaWriter>(target_, KLEIN_TRY(KafkaProducer::make(target_.cluster, target_.topic)));
  }

 private:
  const Target target_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_kafka_sink(const Params& params) {
  Target target{KLEIN_TRY(KafkaCluster::make(params)), params.string("topic"), KLEIN_TRY(KafkaFormat::make(params))};
  if (target.topic.empty()) return Error(Code::invalid, "topic is empty; name the one to write to");
  return std::make_unique<KafkaSink>(std::move(target));
}

}  // namespace klein
