// StagedFiles as bytes and back.

#include "base/value.h"
#include "connectors/staged_files.h"

namespace klein {

namespace {

Value::List to_list(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

Error no_token(const std::string& what) { return Error(Code::corrupt, "a token of staged files " + what); }

Result<const Value::List*> list(const Value& map, std::string_view key) {
  const auto* entry = map.find(key);
  const auto* found = entry ? entry->get<Value::List>() : nullptr;
  if (!found) return no_token("has no list '" + std::string(key) + "'");
  return found;
}

Result<std::string> text(const Value& map, std::string_view key) {
  const auto* entry = map.find(key);
  const auto* found = entry ? entry->get<std::string>() : nullptr;
  if (!found) return no_token("has no text '" + std::string(key) + "'");
  return *found;
}

Result<std::vector<std::string>> texts(const Value& map, std::string_view key) {
  std::vector<std::string> all;
  for (const auto& value : *KLEIN_TRY(list(map, key))) {
    const auto* text = value.get<std::string>();
    if (!text) return no_token("names a file that is no text");
    all.push_back(*text);
  }
  return all;
}

Result<std::vector<OpenFile>> open_files(const Value& map) {
  std::vector<OpenFile> all;
  for (const auto& value : *KLEIN_TRY(list(map, "open"))) {
    const auto* entry = value.find("length");
    const auto* length = entry ? entry->get<std::int64_t>() : nullptr;
    if (!length || *length < 0) return no_token("names an open file without its length");
    all.push_back({KLEIN_TRY(text(value, "name")), *length});
  }
  return all;
}

bool is_true(const Value& map, std::string_view key) {
  const auto* entry = map.find(key);
  return entry && *entry == Value(true);
}

}  // namespace

Bytes StagedFiles::to_bytes() const {
  Value::Map map{{"version", rolls ? 2 : 1},     {"target", target}, {"run", run},
                 {"files", to_list(files)},      {"empty", empty},   {"with_empty", with_empty},
                 {"replaces", to_list(replaces)}};
  if (rolls) {
    Value::List all;
    for (const auto& file : open) all.emplace_back(Value::Map{{"name", file.name}, {"length", file.length}});
    map.emplace_back("open", std::move(all));
    map.emplace_back("rolls", true);
  }
  return to_json(std::move(map));
}

Result<StagedFiles> StagedFiles::from_bytes(BytesView bytes) {
  const auto tree = KLEIN_TRY(parse_json(bytes));
  const auto* version = tree.find("version");
  if (!version || (*version != Value(1) && *version != Value(2))) {
    return Error(Code::corrupt, "this is no token of staged files that this version can read");
  }
  StagedFiles token;
  token.target = KLEIN_TRY(text(tree, "target"));
  token.run = KLEIN_TRY(text(tree, "run"));
  token.empty = KLEIN_TRY(text(tree, "empty"));
  token.files = KLEIN_TRY(texts(tree, "files"));
  token.replaces = KLEIN_TRY(texts(tree, "replaces"));
  token.with_empty = is_true(tree, "with_empty");
  token.rolls = is_true(tree, "rolls");
  if (token.rolls) token.open = KLEIN_TRY(open_files(tree));
  return token;
}

}  // namespace klein
