#pragma once
// Params — a step's arguments, checked against its kind's declared parameters: every declared name is there, with its
// default where none was given, and of its type. So `make` reads them without looking.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace klein {

class Expression;
class Function;

enum class ParamType {
  boolean,
  int64,
  float64,
  string,
  strings,      // a list of strings; one string is a list of one
  mapping,      // names to strings
  expression,   // a pyarrow.compute.Expression, or JSON as expression.h says
  expressions,  // names to expressions
  function,     // the user's code
  numbers,      // a list of numbers; one number is a list of one
  any,          // anything: the kind checks it itself
  settings,     // another system's settings: names to texts, numbers, truths; no view shows those that are secret
};
std::string_view to_string(ParamType type);

/// Whether a setting's name says that its value is nobody's business: a password, a key, a token.
bool is_secret(std::string_view setting);

struct Param {
  std::string name;
  ParamType type = ParamType::any;
  std::string doc;
  std::optional<Value> fallback = std::nullopt;  // what holds when it is not given; nothing: it must be given
  std::vector<std::string> choices = {};         // for strings: what may be given
  bool keyword_only = false;                     // in Python, after the `*`
  bool variadic = false;                         // in Python, `*name` (strings) or `**name` (expressions, mapping)
};

class Params {
 public:
  Params() = default;
  /// Checks `given` against `declared`. Errors name the parameter, what it wants and what it got.
  static Result<Params> make(const std::vector<Param>& declared, const Value::Map& given);

  // Each asserts that the parameter is declared with a type that fits.
  bool boolean(std::string_view name) const;
  std::int64_t int64(std::string_view name) const;
  double float64(std::string_view name) const;
  const std::string& string(std::string_view name) const;
  std::vector<std::string> strings(std::string_view name) const;
  std::vector<double> numbers(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> mapping(std::string_view name) const;
  /// All as texts: "5", "true".
  std::vector<std::pair<std::string, std::string>> settings(std::string_view name) const;
  std::shared_ptr<const Expression> expression(std::string_view name) const;
  std::vector<std::pair<std::string, std::shared_ptr<const Expression>>> expressions(std::string_view name) const;
  std::shared_ptr<const Function> function(std::string_view name) const;
  const Value& value(std::string_view name) const;
  bool is_null(std::string_view name) const { return value(name).is_null(); }

  /// A copy with one argument changed, for rules that rewrite plans.
  Params with(std::string_view name, Value value) const;
  const Value::Map& values() const { return values_; }
  bool operator==(const Params& other) const { return values_ == other.values_; }

 private:
  Value::Map values_;
};

}  // namespace klein
