#pragma once
// JsonBuilder — makes a column of the JSON values that it takes from a scanner one after the other, by the column's
// type, with nothing in between.

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "data/column_parts.h"
#include "data/json_scanner.h"

namespace klein {

class JsonBuilder {
 public:
  using Type = std::shared_ptr<arrow::DataType>;
  using Data = std::shared_ptr<arrow::ArrayData>;

  /// Nothing: there is none for that type.
  static std::unique_ptr<JsonBuilder> make(const Type& type);
  explicit JsonBuilder(Type type) : type_(std::move(type)) {}
  virtual ~JsonBuilder() = default;

  /// Takes the value that is next; false: it can't, and the scanner says why. `cut` then removes what it has of it.
  bool take(JsonScanner& json) {
    if (json.next() != 'n') return take_value(json);
    return json.word("null") && add_null(json);
  }
  /// Takes values up to the bracket that ends them, and that.
  virtual bool take_items(JsonScanner& json);
  /// False: it can't hold one.
  virtual bool add_null(JsonScanner& json) = 0;
  /// The values behind the first `length` were never there.
  virtual void cut(std::int64_t length) = 0;
  /// The column of what was taken; the next begins.
  virtual Data finish() = 0;
  std::int64_t length() const { return present_.length(); }

 protected:
  virtual bool take_value(JsonScanner& json) = 0;  // that is not null
  /// The value that is next, if it is one at all, is not of the type.
  bool mistyped(JsonScanner& json) const;
  /// `value` is of the right kind, and yet none of the type's.
  bool unfit(JsonScanner& json, std::string_view value) const;
  static bool full(JsonScanner& json) { return json.fail("more, with the rows before it, than one batch holds"); }

  const Type type_;
  Present present_;
};

/// Of lists, tensors and objects.
std::unique_ptr<JsonBuilder> make_nested_json(const JsonBuilder::Type& type);

}  // namespace klein
