#include "connectors/kafka/producer.h"

#include <arrow/array.h>

namespace klein {

namespace {

/// As Java's clients do it, so that a key is in the same partition whoever writes it.
const KafkaSettings& defaults() {
  static const KafkaSettings all = {
      {"client.id", "klein"},
      {"partitioner", "murmur2_random"},
      {"reconnect.backoff.max.ms", "1000"},
      {"queue.buffering.max.kbytes", "65536"},
      {"allow.auto.create.topics", "false"}};
  return all;
}

/// Bytes under way at most, a little less than a request of librdkafka's holds. With more, some of them wait for the
/// request before theirs, and for as long as they do its thread asks without a pause whether they may go: a whole core
/// where the brokers are slower than the job.
constexpr std::int64_t most_under_way = 900 << 10;

struct Part {
  void* bytes = nullptr;
  std::size_t size = 0;
};

/// Nothing where it is null; what is empty points somewhere.
Part part(const arrow::BinaryArray& array, std::int64_t row) {
  if (array.IsNull(row)) return {};
  static char empty = 0;
  const auto view = array.GetView(row);
  return {view.empty() ? &empty : const_cast<char*>(view.data()), view.size()};  // librdkafka only reads it
}

}  // namespace

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::make(const KafkaCluster& cluster, const std::string& topic,
                                                           KafkaSettings own) {
  auto limits = KLEIN_TRY(TopicLimits::of(cluster, topic));
  own.emplace_back("enable.idempotence", "true");
  own.emplace_back("message.max.bytes", std::to_string(limits.bytes));
  auto client = KLEIN_TRY(KafkaClient::make(RD_KAFKA_PRODUCER, cluster, defaults(), own));
  std::unique_ptr<KafkaProducer> made(new KafkaProducer(std::move(client), std::move(limits)));
  if (!made->topic_) return Error(Code::invalid, "'" + topic + "' can't be a topic's name");
  return made;
}

KafkaProducer::KafkaProducer(std::unique_ptr<KafkaClient> client, TopicLimits limits)
    : client_(std::move(client)),
      limits_(std::move(limits)),
      topic_(rd_kafka_topic_new(client_->get(), limits_.topic.c_str(), nullptr)) {}

KafkaProducer::~KafkaProducer() {
  // Whoever wants it to arrive has waited; else destroying would.
  rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

Result<bool> KafkaProducer::send(const KafkaRows& rows, std::int64_t& next) {
  for (bool again = false; next < rows.rows();) {
    if (KLEIN_TRY(full())) return false;
    const auto value = part(*rows.value, next), key = part(*rows.key, next);
    const auto partition = rows.partition->IsNull(next) ? RD_KAFKA_PARTITION_UA : rows.partition->Value(next);
    if (rd_kafka_produce(
            topic_.get(), partition, RD_KAFKA_MSG_F_COPY, value.bytes, value.size, key.bytes, key.size, nullptr) == 0) {
      sent_ += static_cast<std::int64_t>(value.size + key.size);
      ++next;
      again = false;
      continue;
    }
    const auto error = rd_kafka_last_error();
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return refused(error);
    if (std::exchange(again, true)) return false;
    KLEIN_TRY(client_->poll());  // what has arrived makes room
  }
  KLEIN_TRY(client_->poll());
  return true;
}

Result<bool> KafkaProducer::full() {
  if (!full_ && sent_ - client_->answered() < most_under_way) return false;
  KLEIN_TRY(client_->poll());
  full_ = sent_ - client_->answered() > most_under_way / 2;
  return full_;
}

Result<bool> KafkaProducer::arrived() {
  KLEIN_TRY(client_->poll());
  return rd_kafka_outq_len(client_->get()) == 0;
}

Error KafkaProducer::refused(rd_kafka_resp_err_t error) const {
  return client_->failed(error, "write to the topic '" + limits_.topic + "'");
}

}  // namespace klein
