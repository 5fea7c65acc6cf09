// read_kafka: a partition is a split, read by assignment and not as a member of a group: which records were read is in
// the snapshot, as an offset. librdkafka's threads fetch; a reader takes what has come and is woken when more has.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

#include "base/duration.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/group.h"
#include "connectors/kafka/offsets.h"
#include "connectors/kafka/plugin.h"
#include "connectors/kafka/queue_waker.h"
#include "connectors/kafka/records.h"

namespace klein {

namespace {

/// What to read, constant.
struct Wanted {
  KafkaCluster cluster;
  std::vector<std::string> topics;
  std::string group = {};  // empty: none
  KafkaOffsets start = {};
  std::optional<KafkaOffsets> end = std::nullopt;
  bool metadata = false;
  std::optional<std::int64_t> discovery = std::nullopt;  // nanoseconds from one look for partitions to the next
};

/// How many partitions of each topic are known: "photos 3;".
Bytes to_position(const std::vector<KafkaPartition>& partitions, std::map<std::string, int> counts) {
  for (const auto& partition : partitions) {
    auto& count = counts[partition.topic];  // never less: a broker may not have heard of the newest yet
    count = std::max(count, partition.number + 1);
  }
  Bytes position;
  for (const auto& [topic, count] : counts) position += topic + " " + std::to_string(count) + ";";
  return position;
}

Result<std::map<std::string, int>> counts_of(BytesView position) {
  std::map<std::string, int> counts;
  while (!position.empty()) {
    const auto line = position.substr(0, position.find(';'));
    const auto space = line.find(' ');
    if (line.size() == position.size() || space == BytesView::npos)
      return Error(Code::corrupt, "what a checkpoint knows of a topic's partitions can't be read");
    counts[std::string(line.substr(0, space))] = std::atoi(std::string(line.substr(space + 1)).c_str());
    position.remove_prefix(line.size() + 1);
  }
  return counts;
}

class PartitionReader final : public SplitReader {
 public:
  PartitionReader(std::shared_ptr<KafkaClient> client, KafkaPartition partition, KafkaPosition position, bool metadata,
                  ReadSize size)
      : client_(std::move(client)),
        partition_(std::move(partition)),
        position_(position),
        size_{size.rows, std::min<std::int64_t>(size.bytes, 1 << 20)},
        topic_(rd_kafka_topic_new(client_->get(), partition_.topic.c_str(), nullptr)),
        queue_(rd_kafka_queue_new(client_->get())),
        waker_(queue_.get()),
        records_(partition_.topic, partition_.number, metadata) {}

  ~PartitionReader() override {
    if (reading_) rd_kafka_consume_stop(topic_.get(), partition_.number);
  }

  Result<> open() {
    if (at_end()) return {};
    if (!topic_ || rd_kafka_consume_start_queue(topic_.get(), partition_.number, position_.next, queue_.get()) != 0)
      return client_->failed(rd_kafka_last_error(), "read " + partition_.text());
    reading_ = true;
    return {};
  }

  Result<Pulled> pull(const Context& context) override {
    waker_.set(context.waker);  // first: what comes from here on wakes the task
    KLEIN_TRY(client_->poll());
    while (!at_end() && records_.rows() < size_.rows && records_.bytes() < size_.bytes) {
      if (!KLEIN_TRY(take_some())) break;
    }
    if (records_.rows() > 0) return Pulled{Pulled::What::rows, KLEIN_TRY(records_.finish()), position_.to_bytes()};
    if (at_end()) return Pulled{};
    return Pulled{.what = Pulled::What::nothing_yet, .batch = std::nullopt, .position = {}};
  }

 private:
  bool at_end() const { return position_.end && position_.next >= *position_.end; }

  /// False: nothing more is there now.
  Result<bool> take_some() {
    constexpr std::int64_t most = 256;
    std::array<rd_kafka_message_t*, most> messages{};
    const auto wanted = static_cast<std::size_t>(std::min(most, size_.rows - records_.rows()));
    const auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data(), wanted);
    if (count < 0) return client_->failed(rd_kafka_last_error(), "read " + partition_.text());
    Result<> taken;
    for (ssize_t i = 0; i < count; ++i) {
      auto* message = messages[static_cast<std::size_t>(i)];
      if (taken.ok()) taken = take(*message);
      rd_kafka_message_destroy(message);
    }
    KLEIN_TRY(std::move(taken));
    return count > 0;
  }

  Result<> take(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      client_->reached();
      position_.next = std::max(position_.next, message.offset);  // behind markers of transactions, too
      return {};
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(message);
    client_->reached();
    if (message.offset < position_.next) return {};
    position_.next = message.offset + 1;
    if (position_.end && message.offset >= *position_.end) return {};
    return records_.add(message);
  }

  /// What librdkafka deals with by itself, trying again, is none.
  Result<> failure(const rd_kafka_message_t& message) const {
    switch (message.err) {
      case RD_KAFKA_RESP_ERR__TRANSPORT:
      case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
      case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION: return {};
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return Error(Code::not_found, "the record " + std::to_string(position_.next) + " of " + partition_.text() +
                                          " is gone, deleted before it was read; begin anew with restart=True, and "
                                          "let the topic keep records for longer");
      default: return client_->failed(message.err, "read " + partition_.text());
    }
  }

  const std::shared_ptr<KafkaClient> client_;
  const KafkaPartition partition_;
  KafkaPosition position_;
  const ReadSize size_;
  const KafkaTopic topic_;
  const KafkaQueue queue_;
  QueueWaker waker_;
  KafkaRecords records_;
  bool reading_ = false;
};

class KafkaSource final : public Source, public Discoverer {
 public:
  explicit KafkaSource(Wanted wanted) : wanted_(std::move(wanted)) {}

  static Result<std::unique_ptr<Source>> make(const Params& params) {
    Wanted wanted{.cluster = KLEIN_TRY(KafkaCluster::make(params)), .topics = params.strings("topic")};
    if (wanted.topics.empty()) return Error(Code::invalid, "topic is an empty list; name what to read");
    if (!params.is_null("group")) wanted.group = params.string("group");
    wanted.start = KLEIN_TRY(KafkaOffsets::from(params.value("start_offset"), "start_offset", wanted.topics));
    if (!params.is_null("end_offset"))
      wanted.end = KLEIN_TRY(KafkaOffsets::from(params.value("end_offset"), "end_offset", wanted.topics));
    wanted.metadata = params.boolean("metadata");
    if (!params.is_null("discovery_interval"))
      wanted.discovery = KLEIN_TRY(duration_from(params.string("discovery_interval")));
    if (wanted.discovery && *wanted.discovery < 1'000'000)
      return Error(Code::invalid, "discovery_interval is at least 1ms: " + params.string("discovery_interval"));
    return std::make_unique<KafkaSource>(std::move(wanted));
  }

  bool bounded() const override { return wanted_.end.has_value(); }
  Schema schema() const override { return kafka_schema(wanted_.metadata); }

  Result<std::vector<Split>> splits() const override {
    const auto client = KLEIN_TRY(connected());
    KLEIN_TRY(client->reach());
    return splits_of(*client, KLEIN_TRY(partitions_of(*client, wanted_.topics)), wanted_.start);
  }

  const Discoverer* discoverer() const override { return bounded() || !wanted_.discovery ? nullptr : this; }
  std::int64_t interval() const override { return *wanted_.discovery; }
  bool splits_end() const override { return false; }
  /// What is in a partition that is new came while the topic was read, so it is read from its begin.
  Result<Found> look(BytesView since) const override {
    const auto counts = KLEIN_TRY(counts_of(since));
    const auto client = KLEIN_TRY(connected());
    KLEIN_TRY(client->reach());
    const auto partitions = KLEIN_TRY(partitions_of(*client, wanted_.topics));
    Found found{.splits = {}, .position = to_position(partitions, counts)};
    if (since.empty()) {
      found.splits = KLEIN_TRY(splits_of(*client, partitions, wanted_.start));
      return found;
    }
    std::vector<KafkaPartition> fresh;
    for (const auto& partition : partitions) {
      const auto known = counts.find(partition.topic);
      if (known == counts.end() || partition.number >= known->second) fresh.push_back(partition);
    }
    if (!fresh.empty()) found.splits = KLEIN_TRY(splits_of(*client, fresh, KafkaOffsets()));
    return found;
  }

  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    auto client = KLEIN_TRY(connected());
    if (!client->is_reached()) KLEIN_TRY(client->reach());  // a job that goes on has asked nothing yet
    auto reader = std::make_unique<PartitionReader>(
        std::move(client), KLEIN_TRY(KafkaPartition::from(split.id)),
        KLEIN_TRY(KafkaPosition::from_bytes(split.position)), wanted_.metadata, size);
    KLEIN_TRY(reader->open());
    return reader;
  }

  void sealed(const std::vector<Split>& positions) const override {
    if (wanted_.group.empty()) return;
    const auto client = connected();
    if (!client.ok()) return;
    KafkaPartitions offsets(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
    for (const auto& split : positions) {
      const auto partition = KafkaPartition::from(split.id);
      const auto position = KafkaPosition::from_bytes(split.position);
      if (!partition.ok() || !position.ok()) continue;
      rd_kafka_topic_partition_list_add(offsets.get(), partition->topic.c_str(), partition->number)->offset =
          position->next;
    }
    if (offsets->cnt == 0) return;
    const Lock lock(mutex_);
    if (!group_) group_ = std::make_unique<KafkaGroup>(**client, wanted_.group);
    group_->note(std::move(offsets));
  }

 private:
  Result<std::vector<Split>> splits_of(KafkaClient& client, const std::vector<KafkaPartition>& partitions,
                                       const KafkaOffsets& start) const {
    const auto begins = KLEIN_TRY(offsets_at(client, partitions, start));
    std::vector<std::int64_t> ends;
    if (wanted_.end) ends = KLEIN_TRY(offsets_at(client, partitions, *wanted_.end));
    std::vector<Split> splits;
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      KafkaPosition position{.next = begins[i]};
      if (wanted_.end) position.end = ends[i];
      if (position.end && *position.end <= position.next) continue;
      splits.push_back({.id = partitions[i].text(),
                        .position = position.to_bytes(),
                        .order = static_cast<std::int64_t>(splits.size())});
    }
    return splits;
  }

  /// One connection for all readers, made when it is first needed.
  Result<std::shared_ptr<KafkaClient>> connected() const {
    const Lock lock(mutex_);
    if (client_) return client_;
    const KafkaSettings own = {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", wanted_.end ? "true" : "false"},
        {"auto.offset.reset", "error"}};
    client_ = KLEIN_TRY(KafkaClient::make(
        RD_KAFKA_CONSUMER, wanted_.cluster,
        {{"client.id", "klein"}, {"reconnect.backoff.max.ms", "1000"}, {"queued.max.messages.kbytes", "32768"}}, own));
    return client_;
  }

  const Wanted wanted_;
  mutable Mutex mutex_;
  mutable std::shared_ptr<KafkaClient> client_ KLEIN_GUARDED_BY(mutex_);
  mutable std::unique_ptr<KafkaGroup> group_ KLEIN_GUARDED_BY(mutex_);  // goes before its client
};

}  // namespace

Result<std::unique_ptr<Source>> make_kafka_source(const Params& params) { return KafkaSource::make(params); }

}  // namespace klein
