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
using Answer = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;
using Question =
    std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, Destroy<rd_kafka_ListConsumerGroupOffsets_destroy>>;

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
         error == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT || error == RD_KAFKA_RESP_ERR__TRANSPORT;
}

struct Offset {
  rd_kafka_resp_err_t error;
  std::int64_t offset = -1;  // below 0: there is none
};

Offset offset_in(const rd_kafka_event_t& answer) {
  if (const auto error = rd_kafka_event_error(const_cast<rd_kafka_event_t*>(&answer))) return {error};
  const auto* result = rd_kafka_event_ListConsumerGroupOffsets_result(const_cast<rd_kafka_event_t*>(&answer));
  std::size_t count = 0;
  const auto** groups = result ? rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count) : nullptr;
  if (count != 1) return {RD_KAFKA_RESP_ERR_UNKNOWN};
  if (const auto* error = rd_kafka_group_result_error(groups[0])) return {rd_kafka_error_code(error)};
  const auto* found = rd_kafka_group_result_partitions(groups[0]);
  if (!found || found->cnt != 1) return {RD_KAFKA_RESP_ERR_NO_ERROR};
  return {found->elems[0].err, found->elems[0].offset};
}

/// The group's offset, once no transaction that may set it is under way.
Offset ask_for_offset(rd_kafka_t* client, const std::string& group, const std::string& topic) {
  const auto asked = place(topic, 0);
  const KafkaQueue queue(rd_kafka_queue_new(client));
  const Options options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS));
  const KafkaError set(rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), 1));
  const Question question(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), asked.get()));
  auto* one = question.get();
  rd_kafka_ListConsumerGroupOffsets(client, &one, 1, options.get(), queue.get());
  const Answer answer(rd_kafka_queue_poll(queue.get(), patience_ms));
  return answer ? offset_in(*answer) : Offset{RD_KAFKA_RESP_ERR__TIMED_OUT};
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
  made->last_ = KLEIN_TRY(made->read_last());
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
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (const auto some = KLEIN_TRY(rows())) {
    for (std::int64_t next = 0; !KLEIN_TRY(producer_->send(*some, next));) {
      rd_kafka_poll(producer_->client().get(), 10);
      if (std::chrono::steady_clock::now() > until)
        return producer_->client().failed(RD_KAFKA_RESP_ERR__TIMED_OUT, "write a transaction to '" + topic_ + "'");
    }
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

Result<std::optional<std::int64_t>> KafkaTransactions::read_last() const {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (true) {
    const auto [error, offset] = ask_for_offset(producer_->client().get(), writer_, topic_);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return offset < 0 ? std::optional<std::int64_t>() : std::optional(offset);
    if (!may_pass(error) || std::chrono::steady_clock::now() > until)
      return producer_->client().failed(error, "read the last commit of '" + writer_ + "'");
    rd_kafka_poll(producer_->client().get(), 20);
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
                     "the broker allows no transaction.timeout.ms as long as client= sets it; lower it, "
                     "or raise the broker's transaction.max.timeout.ms");
      }
      return producer_->client().failed(code, what);
    }
    rd_kafka_poll(producer_->client().get(), 10);
  }
}

}  // namespace klein
