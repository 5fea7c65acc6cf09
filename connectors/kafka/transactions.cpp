#include "connectors/kafka/transactions.h"

#include <chrono>

namespace klein {

namespace {

constexpr int patience_ms = 30'000;

template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using KafkaError = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_destroy>>;
using GroupMetadata =
    std::unique_ptr<rd_kafka_consumer_group_metadata_t, Destroy<rd_kafka_consumer_group_metadata_destroy>>;

/// The partition beside which the number stands; every topic has it.
KafkaPartitions place(const std::string& topic, std::int64_t offset) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = offset;
  return list;
}

/// What a coordinator that is just moving or beginning says.
bool may_pass(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
         error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
         error == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT || error == RD_KAFKA_RESP_ERR__TRANSPORT ||
         error == RD_KAFKA_RESP_ERR__WAIT_COORD;
}

}  // namespace

KafkaTransactions::KafkaTransactions(std::unique_ptr<KafkaProducer> producer, std::string topic, std::string writer)
    : producer_(std::move(producer)), topic_(std::move(topic)), writer_(std::move(writer)) {}

Result<std::unique_ptr<KafkaTransactions>> KafkaTransactions::begin(
    const KafkaCluster& cluster, const std::string& topic, const std::string& writer) {
  auto producer = KLEIN_TRY(KafkaProducer::make(cluster, topic, {{"transactional.id", writer}}));
  KLEIN_TRY(producer->client().reach());
  std::unique_ptr<KafkaTransactions> made(new KafkaTransactions(std::move(producer), topic, writer));
  auto* client = made->producer_->client().get();
  KLEIN_TRY(made->done([&] { return rd_kafka_init_transactions(client, patience_ms); }, "begin with transactions"));
  made->last_ = KLEIN_TRY(read_last(cluster, topic, writer));
  return made;
}

Result<> KafkaTransactions::commit(std::int64_t number, const Rows& rows) {
  if (last_ && *last_ >= number) return {};
  auto* client = producer_->client().get();
  KLEIN_TRY(done([&] { return rd_kafka_begin_transaction(client); }, "begin a transaction"));
  auto written = write(rows);
  if (written.ok()) written = this->number(number);
  if (written.ok())
    written = done([&] { return rd_kafka_commit_transaction(client, patience_ms); }, "commit a transaction");
  if (written.ok()) {
    last_ = number;
    return {};
  }
  const KafkaError aborted(rd_kafka_abort_transaction(client, patience_ms));  // else the broker does, after a while
  return written;
}

Result<> KafkaTransactions::write(const Rows& rows) {
  while (const auto some = KLEIN_TRY(rows())) {
    // A transaction that takes too long the broker ends, and so sending it.
    for (std::int64_t next = 0; !KLEIN_TRY(producer_->send(*some, next));) rd_kafka_poll(producer_->client().get(), 10);
  }
  return {};
}

Result<> KafkaTransactions::number(std::int64_t number) {
  const auto offsets = place(topic_, number);
  const GroupMetadata group(rd_kafka_consumer_group_metadata_new(writer_.c_str()));
  auto* client = producer_->client().get();
  return done([&] { return rd_kafka_send_offsets_to_transaction(client, offsets.get(), group.get(), patience_ms); },
              "number a transaction");
}

/// A client of its own asks: librdkafka's question for administrators crashes where a coordinator answers with an
/// error.
Result<std::optional<std::int64_t>> KafkaTransactions::read_last(const KafkaCluster& cluster, const std::string& topic,
                                                                 const std::string& writer) {
  const auto client = KLEIN_TRY(KafkaClient::make(
      RD_KAFKA_CONSUMER, cluster, {},
      {{"group.id", writer}, {"enable.auto.commit", "false"}, {"isolation.level", "read_committed"}}));
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  const auto asked = place(topic, RD_KAFKA_OFFSET_INVALID);
  while (true) {
    auto error = rd_kafka_committed(client->get(), asked.get(), patience_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = asked->elems[0].err;
    const auto offset = asked->elems[0].offset;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return offset < 0 ? std::optional<std::int64_t>() : std::optional(offset);
    if (!may_pass(error) || std::chrono::steady_clock::now() > until)
      return client->failed(error, "read the last commit of '" + writer + "'");
    rd_kafka_poll(client->get(), 20);
  }
}

Result<> KafkaTransactions::done(const std::function<rd_kafka_error_t*()>& action, const std::string& what) const {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (true) {
    const KafkaError error(action());
    if (!error) return {};
    const bool again = rd_kafka_error_is_retriable(error.get()) && std::chrono::steady_clock::now() < until;
    if (!again) {
      const auto code = rd_kafka_error_code(error.get());
      if (code == RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT) {
        return Error(Code::invalid,
                     "the broker allows no transaction to take as long as transaction.timeout.ms; lower "
                     "it in client=, or raise the broker's transaction.max.timeout.ms");
      }
      return producer_->client().failed(code, what);
    }
    rd_kafka_poll(producer_->client().get(), 10);
  }
}

}  // namespace klein
