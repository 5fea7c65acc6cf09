#include "connectors/kafka/stage.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>

#include "base/value.h"
#include "data/codec.h"

namespace klein {

namespace {

constexpr std::int64_t format_version = 1;
constexpr std::int64_t object_bytes = 8 << 20;
constexpr int attempt_shift = 32;  // of a commit's number: the attempt, then a count within it

struct Remembered {
  Mutex mutex;
  std::map<std::string, KafkaSettings> by_servers KLEIN_GUARDED_BY(mutex);
};

Remembered& remembered() {
  static auto* const all = new Remembered;  // never destroyed: a job may outlive the end of main
  return *all;
}

/// Letters, digits and `-` as they are, others as `=` and their code: a part of a store's key.
std::string as_key(const std::string& name) {
  std::string key;
  for (const unsigned char byte : name) {
    if (std::isalnum(byte) != 0 || byte == '-' || byte == '_') {
      key += static_cast<char>(byte);
    } else {
      char code[4];
      std::snprintf(code, sizeof code, "=%02x", byte);
      key += code;
    }
  }
  return key;
}

/// What the key holds, made where there is none.
Result<std::string> kept(Store& store, const std::string& key) {
  (void)KLEIN_TRY(store.create(key, random_name()));
  auto found = KLEIN_TRY(store.read(key));
  if (!found) return Error(Code::io, "what was just written is not there: " + key);
  return *std::move(found);
}

/// Counts how often a writer was opened over this checkpoint.
Result<std::int64_t> next_attempt(Store& store, const std::string& prefix) {
  auto attempt = static_cast<std::int64_t>(KLEIN_TRY(store.list(prefix)).size()) + 1;
  while (!KLEIN_TRY(store.create(prefix + std::to_string(attempt), ""))) ++attempt;
  return attempt;
}

Result<std::string> text_in(const Value& tree, std::string_view name) {
  const auto* value = tree.find(name);
  const auto* text = value ? value->get<std::string>() : nullptr;
  if (!text) return Error(Code::corrupt, "a token of write_kafka has no '" + std::string(name) + "'");
  return *text;
}

Result<std::int64_t> number_in(const Value& tree, std::string_view name) {
  const auto* value = tree.find(name);
  const auto* number = value ? value->get<std::int64_t>() : nullptr;
  if (!number) return Error(Code::corrupt, "a token of write_kafka has no '" + std::string(name) + "'");
  return *number;
}

/// The secrets that the token names, from those that this process was given.
Result<> add_secrets(const Value& names, KafkaCluster& cluster) {
  const auto* list = names.get<Value::List>();
  if (!list) return Error(Code::corrupt, "a token of write_kafka has no 'secrets'");
  auto& all = remembered();
  const Lock lock(all.mutex);
  for (const auto& name : *list) {
    const auto* wanted = name.get<std::string>();
    const auto& known = all.by_servers[cluster.servers];
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const auto& one) { return wanted && one.first == *wanted; });
    if (found == known.end()) {
      return Error(Code::invalid, "rows that were sealed can't be committed to Kafka at " + cluster.servers + ": '" +
                                      (wanted ? *wanted : "?") + "' is kept in no checkpoint; go on with the program " +
                                      "that gives it in client=");
    }
    cluster.client.push_back(*found);
  }
  return {};
}

}  // namespace

std::string random_name() {
  std::random_device device;
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", device(), device());
  return text;
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void remember_secrets(const KafkaCluster& cluster) {
  KafkaSettings secrets;
  for (const auto& setting : cluster.client) {
    if (is_secret(setting.first)) secrets.push_back(setting);
  }
  if (secrets.empty()) return;
  auto& all = remembered();
  const Lock lock(all.mutex);
  all.by_servers[cluster.servers] = std::move(secrets);
}

Bytes KafkaCommit::to_bytes() const {
  Value::Map client;
  Value::List secrets, keys;
  for (const auto& [name, value] : cluster.client) {
    if (is_secret(name)) secrets.emplace_back(name);
    if (!is_secret(name)) client.emplace_back(name, value);
  }
  for (const auto& key : staged) keys.emplace_back(key);
  return to_json(Value::Map{
      {"format", format_version},
      {"servers", cluster.servers},
      {"client", std::move(client)},
      {"secrets", std::move(secrets)},
      {"topic", topic},
      {"writer", writer},
      {"number", number},
      {"made", made},
      {"staged", std::move(keys)}});
}

Result<KafkaCommit> KafkaCommit::from_bytes(BytesView bytes) {
  const auto tree = KLEIN_TRY(parse_json(bytes));
  const auto version = KLEIN_TRY(number_in(tree, "format"));
  if (version > format_version)
    return Error(Code::invalid, "a token of write_kafka is of a later version of Klein: " + std::to_string(version));
  KafkaCommit commit;
  commit.cluster.servers = KLEIN_TRY(text_in(tree, "servers"));
  commit.topic = KLEIN_TRY(text_in(tree, "topic"));
  commit.writer = KLEIN_TRY(text_in(tree, "writer"));
  commit.number = KLEIN_TRY(number_in(tree, "number"));
  commit.made = KLEIN_TRY(number_in(tree, "made"));
  const auto *client = tree.find("client"), *secrets = tree.find("secrets");
  if (!client || !client->get<Value::Map>() || !secrets)
    return Error(Code::corrupt, "a token of write_kafka does not say how to connect");
  for (const auto& [name, value] : *client->get<Value::Map>())
    commit.cluster.client.emplace_back(name, KLEIN_TRY(text_in(*client, name)));
  commit.staged = KLEIN_TRY(staged_in(bytes));
  KLEIN_TRY(add_secrets(*secrets, commit.cluster));
  return commit;
}

Result<std::vector<std::string>> KafkaCommit::staged_in(BytesView bytes) {
  const auto tree = KLEIN_TRY(parse_json(bytes));
  const auto* list = tree.find("staged");
  if (!list || !list->get<Value::List>())
    return Error(Code::corrupt, "a token of write_kafka does not say what is staged");
  std::vector<std::string> keys;
  for (const auto& key : *list->get<Value::List>()) {
    if (!key.get<std::string>()) return Error(Code::corrupt, "a token of write_kafka names no key");
    keys.push_back(*key.get<std::string>());
  }
  return keys;
}

std::string kafka_run_prefix(const std::string& run) { return "staged/kafka/run-" + run + "/"; }

Result<KafkaStage> KafkaStage::open(Store& store, const std::string& run, const std::string& step, int task) {
  const auto own = "staged/kafka/writer-" + as_key(step) + "/";
  const auto name = KLEIN_TRY(kept(store, own + "name"));
  const auto number = std::to_string(task);
  const auto attempt = KLEIN_TRY(next_attempt(store, own + "task-" + number + "/attempt-"));
  return KafkaStage(store, kafka_run_prefix(run) + as_key(step) + "-" + number + "-", "klein-" + name + "-" + number,
                    attempt << attempt_shift);
}

Result<> KafkaStage::add(KafkaRows rows) {
  waiting_.push_back(rows.to_batch());
  bytes_ += waiting_.back().bytes();
  return bytes_ < object_bytes ? Result<>() : flush();
}

Result<> KafkaStage::flush() {
  if (waiting_.empty()) return {};
  auto key = prefix_ + std::to_string(objects_++);
  KLEIN_TRY(store_->put(key, KLEIN_TRY(encode(KLEIN_TRY(concatenate(waiting_))))));
  waiting_.clear();
  bytes_ = 0;
  keys_.push_back(std::move(key));
  return {};
}

Result<std::vector<std::string>> KafkaStage::finish() {
  KLEIN_TRY(flush());
  return std::exchange(keys_, {});
}

}  // namespace klein
