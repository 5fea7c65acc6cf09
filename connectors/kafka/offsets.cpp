#include "connectors/kafka/offsets.h"

#include <arrow/util/value_parsing.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/text.h"

namespace klein {

namespace {

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

template <typename Number>
bool parse(std::string_view text, Number& number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && stop == text.data() + text.size() && !text.empty();
}

std::optional<std::int64_t> time_from(const Value& given) {
  if (const auto* milliseconds = given.get<std::int64_t>(); milliseconds && *milliseconds >= 0) return *milliseconds;
  const auto* text = given.get<std::string>();
  if (!text) return std::nullopt;
  if (*text == "earliest") return KafkaOffsets::earliest;
  if (*text == "latest") return KafkaOffsets::latest;
  std::int64_t time = 0;
  const bool utc = text->ends_with('Z');
  const auto size = text->size() - (utc ? 1 : 0);
  const bool parsed = arrow::internal::ParseTimestampISO8601(text->data(), size, arrow::TimeUnit::MICRO, &time);
  return parsed && time >= 0 ? std::optional(time / 1000) : std::nullopt;
}

Result<std::string> partition_in(const std::string& key, const std::vector<std::string>& topics) {
  std::int32_t number = 0;
  if (topics.size() == 1 && parse(key, number) && number >= 0) return topics.front() + "#" + key;
  const auto named = KafkaPartition::from(key);
  if (named.ok() && std::find(topics.begin(), topics.end(), named->topic) != topics.end()) return named->text();
  return Error(Code::invalid, "'" + key + "' is no partition of what is read; one is called like " +
                                  (topics.size() == 1 ? "0" : topics.front() + "#0"));
}

Error no_topic(const rd_kafka_metadata_t* all, const std::string& topic, const KafkaClient& client) {
  std::vector<std::string> known;
  for (int i = 0; all && i < all->topic_cnt; ++i) {
    const std::string name = all->topics[i].topic;
    if (!name.starts_with("__")) known.push_back(name);
  }
  const auto near = nearest(topic, known);
  return Error(Code::not_found, "there is no topic '" + topic + "' at " + client.servers() +
                                    (near.empty() ? "; create it first" : "; did you mean '" + near + "'?"));
}

Result<Metadata> metadata_of(KafkaClient& client, rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(client.get(), topic ? 0 : 1, topic, &metadata, answer_within_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return client.failed(error, "list the topics");
  return Metadata(metadata);
}

/// What the cluster says of the topic. One that was just made is not known to every broker at once.
Result<Metadata> settled_metadata(KafkaClient& client, rd_kafka_topic_t* topic) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (true) {
    auto metadata = KLEIN_TRY(metadata_of(client, topic));
    const bool unknown =
        metadata->topic_cnt != 1 || metadata->topics[0].err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        metadata->topics[0].err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (!unknown || std::chrono::steady_clock::now() > until) return metadata;
    rd_kafka_poll(client.get(), 50);
  }
}

Result<> add_partitions(KafkaClient& client, const std::string& topic, std::vector<KafkaPartition>& all) {
  const KafkaTopic handle(rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
  if (!handle) return Error(Code::invalid, "'" + topic + "' can't be a topic's name");
  const auto metadata = KLEIN_TRY(settled_metadata(client, handle.get()));
  if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) all.push_back({topic, i});
    return {};
  }
  const auto error = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  if (error != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && error != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
    return client.failed(error, "look at the topic '" + topic + "'");
  const auto known = metadata_of(client, nullptr);
  return no_topic(known.ok() ? known->get() : nullptr, topic, client);
}

}  // namespace

Result<KafkaPartition> KafkaPartition::from(const std::string& text) {
  KafkaPartition partition;
  const auto mark = text.rfind('#');
  if (mark == std::string::npos || !parse(std::string_view(text).substr(mark + 1), partition.number) ||
      partition.number < 0) {
    return Error(Code::invalid, "'" + text + "' is no partition; one is called like photos#0");
  }
  partition.topic = text.substr(0, mark);
  return partition;
}

Result<KafkaOffsets> KafkaOffsets::from(const Value& given, const std::string& name,
                                        const std::vector<std::string>& topics) {
  KafkaOffsets offsets;
  const auto* by_partition = given.get<Value::Map>();
  if (!by_partition) {
    if (const auto time = time_from(given)) return KafkaOffsets{.time = *time};
    return Error(Code::invalid, name +
                                    " is \"earliest\", \"latest\", a time in ISO 8601 and UTC or in milliseconds "
                                    "since 1970, or a mapping of partitions to offsets, not " +
                                    to_json(given));
  }
  for (const auto& [key, value] : *by_partition) {
    auto partition = partition_in(key, topics);
    if (!partition.ok()) return std::move(partition).error().while_doing(name);
    const auto* offset = value.get<std::int64_t>();
    if (!offset || *offset < 0)
      return Error(Code::invalid, name + " gives " + key + " no offset, 0 or more, but " + to_json(value));
    offsets.by_partition[*partition] = *offset;
  }
  if (name == "end_offset") offsets.time = latest;
  return offsets;
}

Bytes KafkaPosition::to_bytes() const { return std::to_string(next) + (end ? ":" + std::to_string(*end) : ""); }

Result<KafkaPosition> KafkaPosition::from_bytes(const Bytes& bytes) {
  KafkaPosition position;
  const std::string_view text(bytes);
  const auto colon = text.find(':');
  std::int64_t end = 0;
  const bool bounded = colon != std::string_view::npos;
  if (!parse(text.substr(0, colon), position.next) || (bounded && !parse(text.substr(colon + 1), end)))
    return Error(Code::corrupt, "a partition's position is no offset: '" + bytes + "'");
  if (bounded) position.end = end;
  return position;
}

Result<std::vector<KafkaPartition>> partitions_of(KafkaClient& client, const std::vector<std::string>& topics) {
  std::vector<KafkaPartition> all;
  for (const auto& topic : topics) KLEIN_TRY(add_partitions(client, topic, all));
  return all;
}

namespace {

/// What the cluster says: -1 where no record is at or behind that time.
Result<std::vector<std::int64_t>> ask(KafkaClient& client, const std::vector<KafkaPartition>& partitions,
                                      std::int64_t time) {
  const KafkaPartitions asked(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& partition : partitions) {
    rd_kafka_topic_partition_list_add(asked.get(), partition.topic.c_str(), partition.number)->offset = time;
  }
  const auto error = rd_kafka_offsets_for_times(client.get(), asked.get(), answer_within_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return client.failed(error, "find where reading begins and ends");
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto& answer = asked->elems[i];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return client.failed(answer.err, "find an offset in " + partitions[i].text());
    offsets.push_back(answer.offset);
  }
  return offsets;
}

/// Each offset that was given is one that its partition has, or its end.
Result<> check(KafkaClient& client, const std::vector<KafkaPartition>& partitions, const KafkaOffsets& given) {
  const auto low = KLEIN_TRY(ask(client, partitions, KafkaOffsets::earliest));
  const auto high = KLEIN_TRY(ask(client, partitions, KafkaOffsets::latest));
  auto left = given.by_partition;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto found = left.find(partitions[i].text());
    if (found == left.end()) continue;
    if (found->second < low[i] || found->second > high[i]) {
      return Error(Code::invalid, partitions[i].text() + " has no offset " + std::to_string(found->second) +
                                      "; it has " + std::to_string(low[i]) + " to " + std::to_string(high[i]));
    }
    left.erase(found);
  }
  if (!left.empty()) return Error(Code::invalid, "there is no partition " + left.begin()->first);
  return {};
}

}  // namespace

Result<std::vector<std::int64_t>> offsets_at(KafkaClient& client, const std::vector<KafkaPartition>& partitions,
                                             const KafkaOffsets& when) {
  if (!when.by_partition.empty()) KLEIN_TRY(check(client, partitions, when));
  auto offsets = KLEIN_TRY(ask(client, partitions, when.time));
  const auto none = [](std::int64_t offset) { return offset < 0; };
  if (std::any_of(offsets.begin(), offsets.end(), none)) {
    const auto ends = KLEIN_TRY(ask(client, partitions, KafkaOffsets::latest));
    for (std::size_t i = 0; i < ends.size(); ++i) offsets[i] = none(offsets[i]) ? ends[i] : offsets[i];
  }
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto given = when.by_partition.find(partitions[i].text());
    if (given != when.by_partition.end()) offsets[i] = given->second;
  }
  return offsets;
}

}  // namespace klein
