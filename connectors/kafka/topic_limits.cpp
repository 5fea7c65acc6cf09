#include "connectors/kafka/topic_limits.h"

#include <arrow/array.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "connectors/kafka/offsets.h"

namespace klein {

namespace {

constexpr std::string_view client_setting = "message.max.bytes";
constexpr std::int64_t client_default = 1'000'000, client_least = 1000, client_most = 1'000'000'000;
constexpr std::int64_t framing = 128;  // of a record that is sent alone: its batch's head and the lengths of its parts

using Settings = std::map<std::string, std::string, std::less<>>;
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, KafkaDeleter<rd_kafka_AdminOptions_destroy>>;
using ConfigResource = std::unique_ptr<rd_kafka_ConfigResource_t, KafkaDeleter<rd_kafka_ConfigResource_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, KafkaDeleter<rd_kafka_event_destroy>>;

/// The topic's own settings and the broker's for it; none: we may not look at them.
Settings settings_of(KafkaClient& client, const std::string& topic) {
  const AdminOptions options(rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  std::array<char, 256> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), answer_within_ms, why.data(), why.size());
  const ConfigResource wanted(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const KafkaQueue queue(rd_kafka_queue_new(client.get()));
  auto* asked = wanted.get();
  rd_kafka_DescribeConfigs(client.get(), &asked, 1, options.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), answer_within_ms));
  const auto* result = event ? rd_kafka_event_DescribeConfigs_result(event.get()) : nullptr;
  std::size_t topics = 0, count = 0;
  const auto* answers = result ? rd_kafka_DescribeConfigs_result_resources(result, &topics) : nullptr;
  Settings settings;
  if (topics == 0 || rd_kafka_ConfigResource_error(answers[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) return settings;
  const auto* entries = rd_kafka_ConfigResource_configs(answers[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value) settings[rd_kafka_ConfigEntry_name(entries[i])] = value;
  }
  return settings;
}

std::int64_t number_or(const std::string& text, std::int64_t fallback) {
  std::int64_t number = 0;
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc() ? number : fallback;
}

/// What the user sets, if it is less than what the topic takes.
std::int64_t record_bytes(const KafkaCluster& cluster, const Settings& settings) {
  const auto given = std::find_if(cluster.client.begin(), cluster.client.end(), [](const auto& setting) {
    return setting.first == client_setting;
  });
  const auto found = settings.find("max.message.bytes");
  auto bytes = found != settings.end() ? number_or(found->second, client_default) : client_default;
  if (given != cluster.client.end())
    bytes = std::min(number_or(given->second, bytes), found != settings.end() ? bytes : client_most);
  return std::clamp(bytes, client_least, client_most);
}

}  // namespace

Result<TopicLimits> TopicLimits::of(const KafkaCluster& cluster, const std::string& topic) {
  const auto client =
      KLEIN_TRY(KafkaClient::make(RD_KAFKA_PRODUCER, cluster, {{"allow.auto.create.topics", "false"}}, {}));
  KLEIN_TRY(client->reach());
  const auto partitions = KLEIN_TRY(partitions_of(*client, {topic}));
  const auto settings = settings_of(*client, topic);
  const auto cleanup = settings.find("cleanup.policy");
  return TopicLimits{.topic = topic,
                     .partitions = static_cast<std::int32_t>(partitions.size()),
                     .bytes = record_bytes(cluster, settings),
                     .needs_keys = cleanup != settings.end() && cleanup->second.find("compact") != std::string::npos};
}

Result<> TopicLimits::check(const KafkaRows& records, const Batch& batch) const {
  for (std::int64_t row = 0; row < records.rows(); ++row) {
    auto checked = check(records, row);
    if (!checked.ok()) return std::move(checked).error().at_row(batch.row_id(row));
  }
  return {};
}

Result<> TopicLimits::check(const KafkaRows& records, std::int64_t row) const {
  const auto& to = *records.partition;
  if (!to.IsNull(row) && (to.Value(row) < 0 || to.Value(row) >= partitions)) {
    return Error(Code::invalid, "there is no partition " + std::to_string(to.Value(row)) + " in the topic '" + topic +
                                    "', which has " + std::to_string(partitions));
  }
  const auto size = std::int64_t{records.key->value_length(row)} + records.value->value_length(row);
  if (size + framing > bytes) {
    return Error(Code::invalid, "its record is too large: " + std::to_string(size) + " bytes, and the topic '" + topic +
                                    "' takes " + std::to_string(bytes - framing) +
                                    "; raise the topic's max.message.bytes, or message.max.bytes in client=");
  }
  if (needs_keys && records.key->IsNull(row))
    return Error(Code::invalid, "it has no key, and the topic '" + topic + "' keeps the newest record of each key");
  return {};
}

}  // namespace klein
