#pragma once
// Value — what a step's parameter can hold: JSON's values, and objects of this process (an expression, a user's
// function, a table) that JSON can only name. Immutable once in a plan, cheap to copy where it holds an object.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace klein {

/// Something that lives in this process and travels in a plan by reference. Its `text` is what views and JSON show.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::string text() const = 0;
};

class Value {
 public:
  using List = std::vector<Value>;
  using Map = std::vector<std::pair<std::string, Value>>;  // in the order given
  using Handle = std::shared_ptr<const Object>;

  Value() = default;  // null
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(List value) : data_(std::move(value)) {}
  Value(Map value) : data_(std::move(value)) {}
  Value(Handle value) : data_(std::move(value)) {}

  bool is_null() const { return data_.index() == 0; }
  /// The value as a T, or null where it holds something else. T: bool, int64_t, double, string, List, Map, Handle.
  template <typename T>
  const T* get() const {
    return std::get_if<T>(&data_);
  }
  /// The object as a T, or null where it is none.
  template <typename T>
  std::shared_ptr<const T> object() const {
    const auto* handle = get<Handle>();
    return handle ? std::dynamic_pointer_cast<const T>(*handle) : nullptr;
  }
  /// An entry of a map, or null where there is none.
  const Value* find(std::string_view key) const;

  bool operator==(const Value& other) const { return data_ == other.data_; }  // objects by identity

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map, Handle> data_;
};

/// What a value is called in messages: "an integer", "a list", ...
std::string kind_of(const Value& value);

/// One line of JSON; with `indent` > 0 several. Objects appear as `{"object": text}`, which does not parse back.
std::string to_json(const Value& value, int indent = 0);
Result<Value> parse_json(std::string_view text);

}  // namespace klein
