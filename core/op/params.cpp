#include "op/params.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/text.h"
#include "op/expression.h"
#include "op/function.h"

namespace klein {

namespace {

struct TypeWords {
  std::string_view name, wanted;  // its name in descriptions, and in "'count' must be ..."
};

const TypeWords& words(ParamType type) {
  static constexpr std::array<TypeWords, 12> all = {
      {{"boolean", "true or false"},
       {"int64", "an integer"},
       {"float64", "a number"},
       {"string", "a string"},
       {"strings", "a string or a list of strings"},
       {"mapping", "a mapping of names to strings"},
       {"expression", "an expression"},
       {"expressions", "a mapping of names to expressions"},
       {"function", "a function"},
       {"numbers", "a number or a list of numbers"},
       {"any", "a value"},
       {"settings", "a mapping of settings to texts, numbers or truths"}}};
  return all[static_cast<std::size_t>(type)];
}

/// A setting's value that views and messages don't show.
class Secret final : public Object {
 public:
  explicit Secret(std::string value) : value_(std::move(value)) {}
  std::string text() const override { return "***"; }
  const std::string& value() const { return value_; }

 private:
  const std::string value_;
};

std::string shown(const Value& value) {
  if (value.is_null() || value.get<Value::Handle>()) return kind_of(value);
  constexpr std::size_t most = 60;
  const auto json = to_json(value);
  return kind_of(value) + ": " + (json.size() > most ? json.substr(0, most) + "..." : json);
}

Error wrong(const Param& param, const Value& got) {
  return Error(
      Code::invalid, "'" + param.name + "' must be " + std::string(words(param.type).wanted) + ", not " + shown(got));
}

Result<> check_choice(const Param& param, const std::string& given) {
  if (param.choices.empty() || std::find(param.choices.begin(), param.choices.end(), given) != param.choices.end()) {
    return {};
  }
  return Error(Code::invalid, "'" + param.name + "' can't be \"" + given + "\"." + suggestion(given, param.choices));
}

std::optional<double> number(const Value& value) {
  if (const auto* real = value.get<double>()) return *real;
  if (const auto* whole = value.get<std::int64_t>()) return static_cast<double>(*whole);
  return std::nullopt;
}

/// A list of what `convert` makes of each entry; a single value is a list of one.
template <typename Convert>
Result<Value> list_of(const Value& given, Convert convert) {
  const auto* entries = given.get<Value::List>();
  if (!entries) return Value(Value::List{KLEIN_TRY(convert(given))});
  Value::List converted;
  for (const auto& entry : *entries) converted.push_back(KLEIN_TRY(convert(entry)));
  return Value(std::move(converted));
}

template <typename Convert>
Result<Value> map_of(const Param& param, const Value& given, Convert convert) {
  const auto* entries = given.get<Value::Map>();
  if (!entries) return wrong(param, given);
  Value::Map converted;
  for (const auto& [name, entry] : *entries) converted.emplace_back(name, KLEIN_TRY(convert(name, entry)));
  return Value(std::move(converted));
}

/// Nothing is said of the value: it may be secret.
Result<Value> to_setting(const Param& param, const std::string& name, const Value& given) {
  if (given.object<Secret>()) return given;
  const auto* text = given.get<std::string>();
  if (!text && !number(given) && !given.get<bool>()) {
    return Error(Code::invalid, "'" + param.name + "' gives '" + name + "' " + kind_of(given) +
                                    "; a setting is a text, a number, or true or false");
  }
  auto setting = text ? *text : to_json(given);
  if (is_secret(name)) return Value(Value::Handle(std::make_shared<const Secret>(std::move(setting))));
  return Value(std::move(setting));
}

Result<Value> to_settings(const Param& param, const Value& given) {
  if (!given.get<Value::Map>())
    return Error(Code::invalid,
                 "'" + param.name + "' must be " + std::string(words(param.type).wanted) + ", not " + kind_of(given));
  return map_of(
      param, given, [&](const std::string& name, const Value& entry) { return to_setting(param, name, entry); });
}

Result<Value> to_expression(const std::string& what, const Value& given) {
  if (given.object<Expression>()) return given;
  auto made = Expression::from_json(given);
  if (!made.ok()) return std::move(made).error().while_doing("'" + what + "'");
  return Value(Value::Handle(*std::move(made)));
}

Error no_expression(const Param& param, const Value& text) {
  return Error(Code::invalid, "'" + param.name + "' must be an expression, and a string is none: not " + to_json(text) +
                                  R"(, but klein.col("id") > 3, or in JSON ["greater", {"column": "id"}, 3])");
}

Result<Value> to_function(const Param& param, const Value& given) {
  if (!given.object<Function>()) return wrong(param, given);
  return given;
}

Result<Value> to_string_value(const Param& param, const Value& given) {
  const auto* text = given.get<std::string>();
  if (!text) return wrong(param, given);
  KLEIN_TRY(check_choice(param, *text));
  return given;
}

/// As it is given, so that it is shown as it was written.
Result<Value> to_number(const Param& param, const Value& given) {
  if (!number(given)) return wrong(param, given);
  return given;
}

/// `given` in the one form in which the type is kept.
Result<Value> converted(const Param& param, const Value& given) {
  if (given.is_null() && param.fallback && param.fallback->is_null()) return given;
  switch (param.type) {
    case ParamType::boolean:
      if (!given.get<bool>()) return wrong(param, given);
      return given;
    case ParamType::int64:
      if (!given.get<std::int64_t>()) return wrong(param, given);
      return given;
    case ParamType::float64: return to_number(param, given);
    case ParamType::string: return to_string_value(param, given);
    case ParamType::strings: return list_of(given, [&](const Value& entry) { return to_string_value(param, entry); });
    case ParamType::numbers: return list_of(given, [&](const Value& entry) { return to_number(param, entry); });
    case ParamType::mapping:
      return map_of(param, given, [&](const std::string&, const Value& entry) -> Result<Value> {
        if (!entry.get<std::string>()) return wrong(param, given);
        return entry;
      });
    case ParamType::expression:
      if (given.get<std::string>()) return no_expression(param, given);
      return to_expression(param.name, given);
    case ParamType::expressions: return map_of(param, given, to_expression);
    case ParamType::function: return to_function(param, given);
    case ParamType::any: return given;
    case ParamType::settings: return to_settings(param, given);
  }
  return Error(Code::internal, "'" + param.name + "' is declared with a type that does not exist");
}

Result<> check_names(const std::vector<Param>& declared, const Value::Map& given) {
  std::vector<std::string> known;
  for (const auto& param : declared) known.push_back(param.name);
  for (auto entry = given.begin(); entry != given.end(); ++entry) {
    const auto& name = entry->first;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Error(Code::invalid, "there is no parameter '" + name + "'." + suggestion(name, known));
    }
    if (std::any_of(given.begin(), entry, [&](const auto& earlier) { return earlier.first == name; })) {
      return Error(Code::invalid, "'" + name + "' is given twice");
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(ParamType type) { return words(type).name; }

bool is_secret(std::string_view setting) {
  static constexpr std::array<std::string_view, 8> telling = {
      "password", "secret", "key", "token", "pem", "jaas", "oauthbearer", "credential"};
  return std::any_of(telling.begin(), telling.end(),
                     [&](std::string_view word) { return setting.find(word) != std::string_view::npos; });
}

Result<Params> Params::make(const std::vector<Param>& declared, const Value::Map& given) {
  KLEIN_TRY(check_names(declared, given));
  Params params;
  for (const auto& param : declared) {
    const auto entry =
        std::find_if(given.begin(), given.end(), [&](const auto& one) { return one.first == param.name; });
    if (entry == given.end() && !param.fallback) {
      return Error(Code::invalid,
                   "'" + param.name + "' must be given, " + std::string(words(param.type).wanted) + ": " + param.doc);
    }
    params.values_.emplace_back(
        param.name, KLEIN_TRY(converted(param, entry == given.end() ? *param.fallback : entry->second)));
  }
  return params;
}

const Value& Params::value(std::string_view name) const {
  const auto entry = std::find_if(values_.begin(), values_.end(), [&](const auto& one) { return one.first == name; });
  KLEIN_ASSERT(entry != values_.end());
  return entry->second;
}

namespace {

template <typename T>
const T& held(const Value& value) {
  const auto* found = value.get<T>();
  KLEIN_ASSERT(found != nullptr);
  return *found;
}

double held_number(const Value& value) {
  const auto found = number(value);
  KLEIN_ASSERT(found.has_value());
  return *found;
}

}  // namespace

bool Params::boolean(std::string_view name) const { return held<bool>(value(name)); }

std::int64_t Params::int64(std::string_view name) const { return held<std::int64_t>(value(name)); }

double Params::float64(std::string_view name) const { return held_number(value(name)); }

const std::string& Params::string(std::string_view name) const { return held<std::string>(value(name)); }

std::vector<std::string> Params::strings(std::string_view name) const {
  std::vector<std::string> all;
  if (is_null(name)) return all;
  for (const auto& entry : held<Value::List>(value(name))) all.push_back(held<std::string>(entry));
  return all;
}

std::vector<double> Params::numbers(std::string_view name) const {
  std::vector<double> all;
  if (is_null(name)) return all;
  for (const auto& entry : held<Value::List>(value(name))) all.push_back(held_number(entry));
  return all;
}

std::vector<std::pair<std::string, std::string>> Params::mapping(std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> all;
  if (is_null(name)) return all;
  for (const auto& [key, entry] : held<Value::Map>(value(name))) all.emplace_back(key, held<std::string>(entry));
  return all;
}

std::vector<std::pair<std::string, std::string>> Params::settings(std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> all;
  if (is_null(name)) return all;
  for (const auto& [key, entry] : held<Value::Map>(value(name))) {
    const auto secret = entry.object<Secret>();
    all.emplace_back(key, secret ? secret->value() : held<std::string>(entry));
  }
  return all;
}

std::shared_ptr<const Expression> Params::expression(std::string_view name) const {
  return value(name).object<Expression>();
}

std::vector<std::pair<std::string, std::shared_ptr<const Expression>>> Params::expressions(
    std::string_view name) const {
  std::vector<std::pair<std::string, std::shared_ptr<const Expression>>> all;
  if (is_null(name)) return all;
  for (const auto& [key, entry] : held<Value::Map>(value(name))) all.emplace_back(key, entry.object<Expression>());
  return all;
}

std::shared_ptr<const Function> Params::function(std::string_view name) const { return value(name).object<Function>(); }

Params Params::with(std::string_view name, Value value) const {
  auto changed = *this;
  const auto entry =
      std::find_if(changed.values_.begin(), changed.values_.end(), [&](const auto& one) { return one.first == name; });
  KLEIN_ASSERT(entry != changed.values_.end());
  entry->second = std::move(value);
  return changed;
}

}  // namespace klein
