#include "connectors/kafka/client.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/logger.h"

namespace klein {

namespace {

/// Settings that are Klein's, and what to use in their place.
const std::map<std::string, std::string, std::less<>>& reserved() {
  static const std::map<std::string, std::string, std::less<>> all = {
      {"bootstrap.servers", "give bootstrap_servers="},
      {"metadata.broker.list", "give bootstrap_servers="},
      {"group.id", "give group="},
      {"transactional.id", "give delivery=\"exactly_once\""},
      {"enable.auto.commit", "offsets are committed once a snapshot holds them"},
      {"auto.commit.enable", "offsets are committed once a snapshot holds them"},
      {"enable.auto.offset.store", "offsets are committed once a snapshot holds them"},
      {"auto.offset.reset", "give start_offset="},
      {"enable.partition.eof", "give end_offset="},
      {"enable.idempotence", "rows are always sent so that a retry doubles none"},
      {"dr_cb", ""},
      {"dr_msg_cb", ""}};
  return all;
}

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

Result<> set(rd_kafka_conf_t* conf, const KafkaSettings& settings) {
  std::array<char, 512> why{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) continue;
    return Error(Code::invalid,
                 "client= can't set '" + name + "': " + (is_secret(name) ? "librdkafka does not take it" : why.data()));
  }
  return {};
}

/// Without librdkafka's names of threads and brokers before it.
std::string trimmed(std::string reason) {
  if (reason.starts_with("[thrd:")) reason.erase(0, std::min(reason.find("]: "), reason.size() - 3) + 3);
  return reason;
}

const Logger& logger() {
  static const Logger to_user(to_standard_error(), Level::warning);
  return to_user;
}

Code code_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE: return Code::unavailable;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return Code::not_found;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED: return Code::invalid;
    default: return Code::io;
  }
}

}  // namespace

Result<KafkaCluster> KafkaCluster::make(const Params& params) {
  KafkaCluster cluster{params.string("bootstrap_servers"), params.settings("client")};
  if (cluster.servers.empty())
    return Error(Code::invalid, "bootstrap_servers is empty; name a broker, such as \"localhost:9092\"");
  for (const auto& [name, value] : cluster.client) {
    const auto found = reserved().find(name);
    if (found != reserved().end())
      return Error(Code::invalid, "client= can't set '" + name + "', which Klein does: " + found->second);
  }
  return cluster;
}

Result<std::unique_ptr<KafkaClient>> KafkaClient::make(rd_kafka_type_t type, const KafkaCluster& cluster,
                                                       const KafkaSettings& defaults, const KafkaSettings& own) {
  std::unique_ptr<KafkaClient> made(new KafkaClient(cluster.servers));
  Conf conf(rd_kafka_conf_new());
  KLEIN_TRY(set(conf.get(), defaults));
  KLEIN_TRY(set(conf.get(), cluster.client));
  KLEIN_TRY(set(conf.get(), {{"bootstrap.servers", cluster.servers}}));
  KLEIN_TRY(set(conf.get(), own));
  rd_kafka_conf_set_opaque(conf.get(), made.get());
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  std::array<char, 512> why{};
  made->client_ = rd_kafka_new(type, conf.get(), why.data(), why.size());
  if (!made->client_) return Error(Code::invalid, std::string("Kafka's client can't be made: ") + why.data());
  (void)conf.release();  // the client's now
  return made;
}

KafkaClient::~KafkaClient() {
  if (client_) rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaClient::on_log(const rd_kafka_t* client, int level, const char*, const char* text) {
  constexpr int warning = 4;  // syslog's
  auto* self = static_cast<KafkaClient*>(rd_kafka_opaque(client));
  if (level > warning || !self) return;
  const auto reason = trimmed(text);
  self->note(reason);
  if (self->reached_) logger().log(Level::warning, "Kafka at " + self->servers_ + ": " + reason);
}

void KafkaClient::on_error(rd_kafka_t* client, int error, const char* reason, void* opaque) {
  auto* self = static_cast<KafkaClient*>(opaque);
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) self->note(trimmed(reason));
  std::array<char, 512> why{};
  if (code != RD_KAFKA_RESP_ERR__FATAL) return;
  const auto fatal = rd_kafka_fatal_error(client, why.data(), why.size());
  self->fail(Error(code_of(fatal), "Kafka at " + self->servers_ + ": " + why.data()));
}

void KafkaClient::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* self = static_cast<KafkaClient*>(opaque);
  self->answered_ += static_cast<std::int64_t>(message->len + message->key_len);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const std::string topic = rd_kafka_topic_name(message->rkt);
  self->fail(self->failed(message->err, "write a record to the topic '" + topic + "'"));
}

void KafkaClient::fail(Error error) {
  const Lock lock(mutex_);
  if (!fatal_) fatal_ = std::move(error);
}

void KafkaClient::note(std::string reason) {
  const Lock lock(mutex_);
  reason_ = std::move(reason);
}

Result<> KafkaClient::poll() {
  rd_kafka_poll(client_, 0);
  const Lock lock(mutex_);
  if (fatal_) return *fatal_;
  return {};
}

Result<> KafkaClient::reach() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(client_, 0, nullptr, &metadata, answer_within_ms);
  KLEIN_TRY(poll());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unreachable();
  rd_kafka_metadata_destroy(metadata);
  reached_ = true;
  return {};
}

Error KafkaClient::unreachable() const {
  const Lock lock(mutex_);
  return Error(Code::unavailable, "no broker answers at " + servers_ + (reason_.empty() ? "" : ": " + reason_) +
                                      "; start it, or give its address in bootstrap_servers");
}

Error KafkaClient::failed(rd_kafka_resp_err_t error, const std::string& what) const {
  return Error(code_of(error), "cannot " + what + " of Kafka at " + servers_ + ": " + rd_kafka_err2str(error));
}

}  // namespace klein
