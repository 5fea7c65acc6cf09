#include "base/value.h"

#include <array>
#include <nlohmann/json.hpp>

namespace klein {

namespace {

using Json = nlohmann::ordered_json;

Json to_tree(const Value& value) {
  if (const auto* flag = value.get<bool>()) return *flag;
  if (const auto* number = value.get<std::int64_t>()) return *number;
  if (const auto* number = value.get<double>()) return *number;
  if (const auto* text = value.get<std::string>()) return *text;
  if (const auto* handle = value.get<Value::Handle>()) return Json{{"object", (*handle)->text()}};
  if (const auto* list = value.get<Value::List>()) {
    auto tree = Json::array();
    for (const auto& entry : *list) tree.push_back(to_tree(entry));
    return tree;
  }
  if (const auto* map = value.get<Value::Map>()) {
    auto tree = Json::object();
    for (const auto& [key, entry] : *map) tree[key] = to_tree(entry);
    return tree;
  }
  return nullptr;
}

Value from_tree(const Json& tree) {
  if (tree.is_boolean()) return tree.get<bool>();
  if (tree.is_number_integer()) return tree.get<std::int64_t>();
  if (tree.is_number()) return tree.get<double>();
  if (tree.is_string()) return tree.get<std::string>();
  if (tree.is_array()) {
    Value::List list;
    for (const auto& entry : tree) list.push_back(from_tree(entry));
    return list;
  }
  if (tree.is_object()) {
    Value::Map map;
    for (const auto& [key, entry] : tree.items()) map.emplace_back(key, from_tree(entry));
    return map;
  }
  return {};
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  const auto* map = get<Map>();
  if (!map) return nullptr;
  for (const auto& [name, value] : *map) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string kind_of(const Value& value) {
  if (value.is_null()) return "nothing";
  if (value.get<bool>()) return "a boolean";
  if (value.get<std::int64_t>()) return "an integer";
  if (value.get<double>()) return "a number";
  if (value.get<std::string>()) return "a string";
  if (value.get<Value::List>()) return "a list";
  if (value.get<Value::Map>()) return "a mapping";
  return (*value.get<Value::Handle>())->text();
}

std::string to_json(const Value& value, int indent) {
  return to_tree(value).dump(indent > 0 ? indent : -1, ' ', false, Json::error_handler_t::replace);
}

Result<Value> parse_json(std::string_view text) {
  const auto tree = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (tree.is_discarded()) return Error(Code::invalid, "this is not JSON: " + std::string(text.substr(0, 80)));
  return from_tree(tree);
}

}  // namespace klein
