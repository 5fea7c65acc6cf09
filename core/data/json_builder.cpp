#include "data/json_builder.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/value_parsing.h>

#include <vector>

#include "data/json_number.h"
#include "data/schema.h"

namespace klein {

namespace {

/// What is next, in words.
const char* found(JsonScanner& json) {
  switch (json.next()) {
    case '"': return "text";
    case '{': return "an object";
    case '[': return "a list";
    case 't':
    case 'f': return "true or false";
    case 'n': return "null";
    default: return "a number";
  }
}

/// Values of one size.
template <typename T>
class PlainBuilder : public JsonBuilder {
 public:
  using JsonBuilder::JsonBuilder;
  bool add_null(JsonScanner&) override {
    values_.push_back(T());
    present_.add_null();
    return true;
  }
  void cut(std::int64_t length) override {
    values_.resize(static_cast<std::size_t>(length));
    present_.cut(length);
  }
  Data finish() override {
    std::vector<T> next;
    next.reserve(values_.size());  // as many are to be expected
    std::swap(values_, next);
    return column_of(type_, present_, {arrow::Buffer::FromVector(std::move(next))});
  }

 protected:
  void add_all(const T* values, int count) {
    values_.insert(values_.end(), values, values + count);
    present_.add(count);
  }
  bool add(T value) {
    values_.push_back(value);
    present_.add();
    return true;
  }

 private:
  std::vector<T> values_;
};

template <typename T>
bool to_number(const JsonNumber& number, T& value) {
  if constexpr (std::is_floating_point_v<T>) {
    return to_real(number, value);
  } else {
    return to_integer(number, value);
  }
}

template <typename T>
class NumberBuilder final : public PlainBuilder<T> {
 public:
  using PlainBuilder<T>::PlainBuilder;
  /// As the base does it, without two calls for each: lists of numbers are what embeddings and pictures are.
  bool take_items(JsonScanner& json) override {
    if (json.take(']')) return true;
    do {
      take_plain(json);
      if (!(json.next() == 'n' ? this->take(json) : take_number(json))) return false;
    } while (json.take(','));
    return json.expect(']', "a comma or ]");
  }

 protected:
  bool take_value(JsonScanner& json) override { return take_number(json); }

 private:
  void take_plain(JsonScanner& json) {
    if constexpr (std::is_floating_point_v<T>) {
      constexpr int most = 128;
      T numbers[most];
      int count = most;
      while (count == most) {
        auto text = json.rest();
        const auto before = text.size();
        count = take_plain_numbers(text, numbers, most);
        json.pass(before - text.size());
        this->add_all(numbers, count);
      }
    }
  }

  bool take_number(JsonScanner& json) {
    const char first = json.next();
    if (first != '-' && (first < '0' || first > '9')) return this->mistyped(json);
    JsonNumber number;
    T value{};
    if (!json.number(number)) return false;
    return to_number(number, value) ? this->add(value) : this->unfit(json, number.text);
  }
};

/// Times in ISO 8601.
class TimeBuilder final : public PlainBuilder<std::int64_t> {
 public:
  using PlainBuilder::PlainBuilder;

 protected:
  bool take_value(JsonScanner& json) override {
    std::string_view value;
    std::int64_t time = 0;
    if (json.next() != '"') return mistyped(json);
    if (!json.text(value)) return false;
    const auto& type = static_cast<const arrow::TimestampType&>(*type_);
    const bool is = arrow::internal::ParseValue<arrow::TimestampType>(type, value.data(), value.size(), &time);
    return is ? add(time) : unfit(json, "'" + std::string(value.substr(0, 40)) + "'");
  }
};

class TruthBuilder final : public JsonBuilder {
 public:
  using JsonBuilder::JsonBuilder;
  bool add_null(JsonScanner&) override {
    values_.push_back(false);
    present_.add_null();
    return true;
  }
  void cut(std::int64_t length) override {
    values_.resize(static_cast<std::size_t>(length));
    present_.cut(length);
  }
  Data finish() override { return column_of(type_, present_, {to_bits(std::exchange(values_, {}))}); }

 protected:
  bool take_value(JsonScanner& json) override {
    const char first = json.next();
    if (first != 't' && first != 'f') return mistyped(json);
    if (!json.word(first == 't' ? "true" : "false")) return false;
    values_.push_back(first == 't');
    present_.add();
    return true;
  }

 private:
  std::vector<bool> values_;
};

/// Text, and bytes that are written as text.
class TextBuilder final : public JsonBuilder {
 public:
  using JsonBuilder::JsonBuilder;
  bool add_null(JsonScanner& json) override {
    present_.add_null();
    return ends_.add(ends_.last()) || full(json);
  }
  void cut(std::int64_t length) override {
    present_.cut(length);
    ends_.cut(length);
    bytes_.resize(ends_.last());
  }
  Data finish() override {
    auto ends = ends_.finish();
    return column_of(type_, present_, {std::move(ends), arrow::Buffer::FromString(std::exchange(bytes_, {}))});
  }

 protected:
  bool take_value(JsonScanner& json) override {
    std::string_view value;
    if (json.next() != '"') return mistyped(json);
    if (!json.text(value)) return false;
    bytes_ += value;
    present_.add();
    return ends_.add(bytes_.size()) || full(json);
  }

 private:
  std::string bytes_;
  Ends ends_;
};

}  // namespace

bool JsonBuilder::take_items(JsonScanner& json) {
  if (json.take(']')) return true;
  do {
    if (!take(json)) return false;
  } while (json.take(','));
  return json.expect(']', "a comma or ]");
}

bool JsonBuilder::mistyped(JsonScanner& json) const {
  const char* const what = found(json);
  JsonScanner ahead = json;
  if (!ahead.skip()) return json.skip();  // it is no value at all, which says so
  return json.fail(std::string(what) + ", not " + text(*type_));
}

bool JsonBuilder::unfit(JsonScanner& json, std::string_view value) const {
  return json.fail(std::string(value.substr(0, 48)) + ", which is no " + text(*type_));
}

std::unique_ptr<JsonBuilder> JsonBuilder::make(const Type& type) {
  switch (type->id()) {
    case arrow::Type::BOOL: return std::make_unique<TruthBuilder>(type);
    case arrow::Type::INT8: return std::make_unique<NumberBuilder<std::int8_t>>(type);
    case arrow::Type::INT16: return std::make_unique<NumberBuilder<std::int16_t>>(type);
    case arrow::Type::INT32: return std::make_unique<NumberBuilder<std::int32_t>>(type);
    case arrow::Type::INT64: return std::make_unique<NumberBuilder<std::int64_t>>(type);
    case arrow::Type::UINT8: return std::make_unique<NumberBuilder<std::uint8_t>>(type);
    case arrow::Type::UINT16: return std::make_unique<NumberBuilder<std::uint16_t>>(type);
    case arrow::Type::UINT32: return std::make_unique<NumberBuilder<std::uint32_t>>(type);
    case arrow::Type::UINT64: return std::make_unique<NumberBuilder<std::uint64_t>>(type);
    case arrow::Type::FLOAT: return std::make_unique<NumberBuilder<float>>(type);
    case arrow::Type::DOUBLE: return std::make_unique<NumberBuilder<double>>(type);
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return std::make_unique<TextBuilder>(type);
    case arrow::Type::TIMESTAMP: return std::make_unique<TimeBuilder>(type);
    default: return make_nested_json(type);
  }
}

}  // namespace klein
