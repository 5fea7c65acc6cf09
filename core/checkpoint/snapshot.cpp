#include "checkpoint/snapshot.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iterator>

#include "base/checksum.h"
#include "data/codec.h"
#include "data/json_objects.h"

namespace klein {

namespace {

constexpr std::string_view heading = "klein manifest 1 ";
constexpr std::size_t checksum_digits = 8, length_bytes = 8;

Error corrupt(const std::string& what) { return Error(Code::corrupt, "a manifest of a checkpoint: " + what); }

Value to_hexadecimal(const Bytes& bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const auto byte : bytes) {
    const auto number = static_cast<unsigned char>(byte);
    hex += {digits[number >> 4U], digits[number & 15U]};
  }
  return Value::Map{{"hex", std::move(hex)}};
}

/// Text stays readable; other bytes are hexadecimal.
Value to_value(const Bytes& bytes) {
  const bool plain =
      std::all_of(bytes.begin(), bytes.end(), [](char letter) { return letter >= ' ' && letter <= '~'; });
  return plain ? Value(bytes) : to_hexadecimal(bytes);
}

/// Names of files may be any bytes, and JSON only holds text.
Value id_of(const Split& split) { return is_utf8(split.id) ? Value(split.id) : to_hexadecimal(split.id); }

Result<Bytes> bytes_from(const Value& value) {
  if (const auto* text = value.get<std::string>()) return *text;
  const auto* hex = value.find("hex");
  const auto* text = hex ? hex->get<std::string>() : nullptr;
  if (!text || text->size() % 2 != 0) return corrupt("bytes are a text or hexadecimal");
  Bytes bytes;
  for (std::size_t i = 0; i < text->size(); i += 2) {
    unsigned number = 0;
    const auto* begin = text->data() + i;
    if (std::from_chars(begin, begin + 2, number, 16).ptr != begin + 2) return corrupt("this is not hexadecimal");
    bytes += static_cast<char>(number);
  }
  return bytes;
}

Value to_value(const Split& split) {
  return Value::Map{{"id", id_of(split)},   {"position", to_value(split.position)}, {"rows", split.rows},
                    {"order", split.order}, {"first_row", split.first_row},         {"skip", split.skip}};
}

Value to_value(const Token& token) {
  return Value::Map{{"step", token.step}, {"kind", token.sink_kind}, {"token", to_value(token.bytes)}};
}

Value to_value(const StoredBatches& stored) {
  return Value::Map{{"key", stored.key}, {"batches", stored.batches}, {"rows", stored.rows}, {"bytes", stored.bytes}};
}

Value to_value(const Value& value) { return value; }

template <typename T>
Value list_of(const std::vector<T>& all) {
  Value::List list;
  for (const auto& each : all) list.push_back(to_value(each));
  return list;
}

template <typename T>
Value map_of(const std::map<std::string, std::vector<T>>& all) {
  Value::Map map;
  for (const auto& [name, each] : all) map.emplace_back(name, list_of(each));
  return map;
}

Value map_of(const Tables& tables) {
  Value::Map map;
  for (const auto& [step, by_name] : tables) map.emplace_back(step, map_of(by_name));
  return map;
}

template <typename T>
Result<T> entry(const Value& map, std::string_view key) {
  const auto* found = map.find(key);
  const auto* value = found ? found->get<T>() : nullptr;
  if (!value) return corrupt("'" + std::string(key) + "' is missing or of another type");
  return *value;
}

Result<Bytes> bytes_entry(const Value& map, std::string_view key) {
  const auto* found = map.find(key);
  if (!found) return corrupt("'" + std::string(key) + "' is missing");
  return bytes_from(*found);
}

Result<> read(const Value& value, Split& split) {
  split.id = KLEIN_TRY(bytes_entry(value, "id"));
  split.position = KLEIN_TRY(bytes_entry(value, "position"));
  split.rows = KLEIN_TRY(entry<std::int64_t>(value, "rows"));
  split.order = KLEIN_TRY(entry<std::int64_t>(value, "order"));
  split.first_row = KLEIN_TRY(entry<std::int64_t>(value, "first_row"));
  split.skip = KLEIN_TRY(entry<std::int64_t>(value, "skip"));
  return {};
}

Result<> read(const Value& value, Token& token) {
  token.step = KLEIN_TRY(entry<std::string>(value, "step"));
  token.sink_kind = KLEIN_TRY(entry<std::string>(value, "kind"));
  token.bytes = KLEIN_TRY(bytes_entry(value, "token"));
  return {};
}

Result<> read(const Value& value, StoredBatches& stored) {
  stored.key = KLEIN_TRY(entry<std::string>(value, "key"));
  stored.batches = KLEIN_TRY(entry<std::int64_t>(value, "batches"));
  stored.rows = KLEIN_TRY(entry<std::int64_t>(value, "rows"));
  stored.bytes = KLEIN_TRY(entry<std::int64_t>(value, "bytes"));
  return {};
}

Result<> read(const Value& value, Value& state) {
  state = value;
  return {};
}

template <typename T>
Result<std::vector<T>> list_from(const Value& value) {
  const auto* list = value.get<Value::List>();
  if (!list) return corrupt("a list was expected");
  std::vector<T> all;
  for (const auto& each : *list) KLEIN_TRY(read(each, all.emplace_back()));
  return all;
}

template <typename T>
Result<> read_map(const Value& manifest, std::string_view key, std::map<std::string, std::vector<T>>& all) {
  for (const auto& [name, list] : KLEIN_TRY(entry<Value::Map>(manifest, key)))
    all[name] = KLEIN_TRY(list_from<T>(list));
  return {};
}

/// The first manifests have none.
Result<> read_tables(const Value& manifest, Tables& tables) {
  const auto* steps = manifest.find("tables");
  const auto* by_step = steps ? steps->get<Value::Map>() : nullptr;
  if (steps && !by_step) return corrupt("'tables' is of another type");
  for (const auto& [step, by_name] : by_step ? *by_step : Value::Map{}) KLEIN_TRY(read_map(*steps, step, tables[step]));
  return {};
}

/// The first manifests have none.
Result<> read_looked(const Value& manifest, std::map<std::string, Bytes>& looked) {
  const auto* sources = manifest.find("looked");
  const auto* by_source = sources ? sources->get<Value::Map>() : nullptr;
  if (sources && !by_source) return corrupt("'looked' is of another type");
  for (const auto& [source, position] : by_source ? *by_source : Value::Map{})
    looked[source] = KLEIN_TRY(bytes_from(position));
  return {};
}

std::string hex_of(std::uint32_t number) {
  std::string text(checksum_digits + 1, '\0');
  std::snprintf(text.data(), text.size(), "%08x", number);
  text.pop_back();
  return text;
}

}  // namespace

void merge(TaskSnapshot& snapshot, TaskSnapshot later) {
  const auto append = [](auto& all, auto& more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  for (auto& [edge, batches] : later.in_flight) append(snapshot.in_flight[edge], batches);
  for (auto& [step, state] : later.states) snapshot.states[step] = std::move(state);
  for (auto& [source, splits] : later.reading) snapshot.reading[source] = std::move(splits);
  for (auto& [source, ids] : later.read) append(snapshot.read[source], ids);
  append(snapshot.tokens, later.tokens);
}

void follow(std::map<std::string, State>& states, std::map<std::string, State> later) {
  std::erase_if(states, [&](const auto& state) { return !later.contains(state.first); });
  for (auto& [step, state] : later) {
    const auto [known, added] = states.try_emplace(step);
    if (added)
      known->second = std::move(state);
    else
      known->second.follow(std::move(state));
  }
}

Bytes encode(const Manifest& manifest) {
  Value::Map steps;
  for (const auto& [name, kind] : manifest.steps) steps.emplace_back(name, kind);
  Value::Map looked;
  for (const auto& [source, position] : manifest.looked) looked.emplace_back(source, to_value(position));
  const auto json = to_json(
      Value::Map{{"epoch", manifest.epoch.value},
                 {"finished", manifest.finished},
                 {"commits", manifest.commits},
                 {"steps", std::move(steps)},
                 {"splits", map_of(manifest.splits)},
                 {"looked", std::move(looked)},
                 {"states", map_of(manifest.states)},
                 {"in_flight", map_of(manifest.in_flight)},
                 {"tables", map_of(manifest.tables)},
                 {"tokens", list_of(manifest.tokens)}},
      1);
  return Bytes(heading) + hex_of(crc32(json)) + "\n" + json + "\n";
}

Result<Manifest> decode_manifest(BytesView bytes) {
  const auto begin = heading.size() + checksum_digits + 1;
  if (bytes.size() <= begin || bytes.substr(0, heading.size()) != heading) {
    return corrupt("it does not begin as this version writes it");
  }
  const auto json = bytes.substr(begin, bytes.size() - begin - 1);
  if (bytes.substr(heading.size(), checksum_digits) != hex_of(crc32(json)) || bytes[begin - 1] != '\n' ||
      bytes.back() != '\n') {
    return corrupt("the checksum does not hold: it was changed or cut off");
  }
  const auto tree = KLEIN_TRY(parse_json(json));
  Manifest manifest;
  manifest.epoch = Epoch{KLEIN_TRY(entry<std::int64_t>(tree, "epoch"))};
  manifest.finished = KLEIN_TRY(entry<bool>(tree, "finished"));
  manifest.commits = KLEIN_TRY(entry<bool>(tree, "commits"));
  const auto steps = KLEIN_TRY(entry<Value::Map>(tree, "steps"));
  for (const auto& [name, kind] : steps) {
    const auto* text = kind.get<std::string>();
    if (!text) return corrupt("a step's kind is a text");
    manifest.steps.emplace_back(name, *text);
  }
  KLEIN_TRY(read_map(tree, "splits", manifest.splits));
  KLEIN_TRY(read_looked(tree, manifest.looked));
  KLEIN_TRY(read_map(tree, "states", manifest.states));
  KLEIN_TRY(read_map(tree, "in_flight", manifest.in_flight));
  KLEIN_TRY(read_tables(tree, manifest.tables));
  const auto tokens = KLEIN_TRY(entry<Value::List>(tree, "tokens"));
  manifest.tokens = KLEIN_TRY(list_from<Token>(tokens));
  return manifest;
}

Result<Bytes> encode(const std::vector<Batch>& batches) {
  Bytes all;
  for (const auto& batch : batches) {
    const auto bytes = KLEIN_TRY(encode(batch));
    for (std::size_t i = 0; i < length_bytes; ++i) all += static_cast<char>((bytes.size() >> (8 * i)) & 0xffU);
    all += bytes;
  }
  return all;
}

Result<std::vector<Batch>> decode_batches(BytesView bytes) {
  std::vector<Batch> batches;
  while (!bytes.empty()) {
    std::uint64_t length = 0;
    if (bytes.size() < length_bytes) return Error(Code::corrupt, "batches of a checkpoint are cut off");
    for (std::size_t i = 0; i < length_bytes; ++i)
      length |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    bytes.remove_prefix(length_bytes);
    if (bytes.size() < length) return Error(Code::corrupt, "batches of a checkpoint are cut off");
    batches.push_back(KLEIN_TRY(decode(bytes.substr(0, length))));
    bytes.remove_prefix(length);
  }
  return batches;
}

}  // namespace klein
