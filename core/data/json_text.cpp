#include "data/json_text.h"

#include <arrow/array.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/formatting.h>
#include <arrow/visit_type_inline.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <vector>

namespace klein {

namespace {

void append_text(std::string_view text, std::string& json) {
  static constexpr char digits[] = "0123456789abcdef";
  json += '"';
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') {
      (json += '\\') += byte;
    } else if (static_cast<unsigned char>(byte) < 0x20) {
      ((json += "\\u00") += digits[byte >> 4]) += digits[byte & 15];
    } else {
      json += byte;
    }
  }
  json += '"';
}

/// Writes the values of one column.
class JsonColumn {
 public:
  virtual ~JsonColumn() = default;
  void append(std::int64_t row, std::string& json) const {
    if (array_->IsNull(row)) {
      json += "null";
    } else {
      append_value(row, json);
    }
  }

 protected:
  explicit JsonColumn(std::shared_ptr<arrow::Array> array) : array_(std::move(array)) {}
  virtual void append_value(std::int64_t row, std::string& json) const = 0;

  const std::shared_ptr<arrow::Array> array_;
};

using Made = Result<std::unique_ptr<JsonColumn>>;
Made json_column(const std::shared_ptr<arrow::Array>& array);

/// What JSON has no number for, a real one that is not finite, is null.
template <typename T>
class NumberColumn final : public JsonColumn {
 public:
  explicit NumberColumn(std::shared_ptr<arrow::Array> array)
      : JsonColumn(std::move(array)),
        values_(static_cast<const typename arrow::TypeTraits<T>::ArrayType&>(*array_).raw_values()) {}

 protected:
  void append_value(std::int64_t row, std::string& json) const override {
    const auto number = values_[row];
    if constexpr (std::is_floating_point_v<typename T::c_type>) {
      if (!std::isfinite(number)) {
        json += "null";
        return;
      }
    }
    char text[32];
    json.append(text, std::to_chars(text, text + sizeof text, number).ptr);
  }

 private:
  const typename T::c_type* const values_;
};

class TruthColumn final : public JsonColumn {
 public:
  explicit TruthColumn(std::shared_ptr<arrow::Array> array) : JsonColumn(std::move(array)) {}

 protected:
  void append_value(std::int64_t row, std::string& json) const override {
    json += static_cast<const arrow::BooleanArray&>(*array_).Value(row) ? "true" : "false";
  }
};

template <typename Array>
class TextColumn final : public JsonColumn {
 public:
  explicit TextColumn(std::shared_ptr<arrow::Array> array) : JsonColumn(std::move(array)) {}

 protected:
  void append_value(std::int64_t row, std::string& json) const override {
    append_text(static_cast<const Array&>(*array_).GetView(row), json);
  }
};

/// Times and dates in ISO 8601.
template <typename T>
class TimeColumn final : public JsonColumn {
 public:
  explicit TimeColumn(std::shared_ptr<arrow::Array> array)
      : JsonColumn(std::move(array)), format_(array_->type().get()) {}

 protected:
  void append_value(std::int64_t row, std::string& json) const override {
    const auto value = static_cast<const typename arrow::TypeTraits<T>::ArrayType&>(*array_).Value(row);
    format_(value, [&](std::string_view text) { append_text(text, json); });
  }

 private:
  mutable arrow::internal::StringFormatter<T> format_;
};

template <typename Array>
class ListColumn final : public JsonColumn {
 public:
  ListColumn(std::shared_ptr<arrow::Array> array, std::unique_ptr<JsonColumn> entries)
      : JsonColumn(std::move(array)), entries_(std::move(entries)) {}
  static Made make(const std::shared_ptr<arrow::Array>& array) {
    return std::make_unique<ListColumn>(array, KLEIN_TRY(json_column(static_cast<const Array&>(*array).values())));
  }

 protected:
  void append_value(std::int64_t row, std::string& json) const override {
    const auto& lists = static_cast<const Array&>(*array_);
    json += '[';
    for (std::int64_t i = 0; i < lists.value_length(row); ++i) {
      if (i > 0) json += ',';
      entries_->append(lists.value_offset(row) + i, json);
    }
    json += ']';
  }

 private:
  const std::unique_ptr<JsonColumn> entries_;
};

class ObjectColumn final : public JsonColumn {
 public:
  explicit ObjectColumn(std::shared_ptr<arrow::Array> array) : JsonColumn(std::move(array)) {}
  static Made make(const std::shared_ptr<arrow::Array>& array) {
    auto object = std::make_unique<ObjectColumn>(array);
    const auto& structs = static_cast<const arrow::StructArray&>(*array);
    for (int i = 0; i < structs.num_fields(); ++i) {
      auto& [name, column] = object->fields_.emplace_back();
      append_text(structs.type()->field(i)->name(), name);
      name = (i > 0 ? "," : "") + name + ":";
      column = KLEIN_TRY(json_column(structs.field(i)));
    }
    return object;
  }

 protected:
  void append_value(std::int64_t row, std::string& json) const override {
    json += '{';
    for (const auto& [name, column] : fields_) {
      json += name;
      column->append(row, json);
    }
    json += '}';
  }

 private:
  std::vector<std::pair<std::string, std::unique_ptr<JsonColumn>>> fields_;  // a name as it stands before its value
};

/// Lists within lists, as the shape says.
class TensorColumn final : public JsonColumn {
 public:
  TensorColumn(std::shared_ptr<arrow::Array> array, std::vector<std::int64_t> shape, std::unique_ptr<JsonColumn> cells)
      : JsonColumn(std::move(array)), shape_(std::move(shape)), cells_(std::move(cells)) {}
  static Made make(const std::shared_ptr<arrow::Array>& array) {
    const auto* type = dynamic_cast<const arrow::extension::FixedShapeTensorType*>(array->type().get());
    if (!type) return Error(Code::invalid, "JSON has no form for a column of type " + text(*array->type()));
    const auto& lists = static_cast<const arrow::ExtensionArray&>(*array).storage();
    return std::make_unique<TensorColumn>(
        lists, type->shape(), KLEIN_TRY(json_column(static_cast<const arrow::FixedSizeListArray&>(*lists).values())));
  }

 protected:
  void append_value(std::int64_t row, std::string& json) const override {
    auto next = static_cast<const arrow::FixedSizeListArray&>(*array_).value_offset(row);
    append_part(0, next, json);
  }

 private:
  void append_part(std::size_t dimension, std::int64_t& next, std::string& json) const {
    if (dimension == shape_.size()) return cells_->append(next++, json);
    json += '[';
    for (std::int64_t i = 0; i < shape_[dimension]; ++i) {
      if (i > 0) json += ',';
      append_part(dimension + 1, next, json);
    }
    json += ']';
  }

  const std::vector<std::int64_t> shape_;
  const std::unique_ptr<JsonColumn> cells_;
};

class NothingColumn final : public JsonColumn {
 public:
  explicit NothingColumn(std::shared_ptr<arrow::Array> array) : JsonColumn(std::move(array)) {}

 protected:
  void append_value(std::int64_t, std::string& json) const override { json += "null"; }
};

/// Makes the writer of a column by its type.
struct ByType {
  const std::shared_ptr<arrow::Array>& array;
  Made made = Error(Code::invalid, "");

  template <typename T>
  arrow::Status Visit(const T& type) {
    if constexpr ((arrow::is_integer_type<T>::value || arrow::is_floating_type<T>::value) &&
                  !std::is_same_v<T, arrow::HalfFloatType>) {
      made = std::make_unique<NumberColumn<T>>(array);
    } else if constexpr (std::is_same_v<T, arrow::BooleanType>) {
      made = std::make_unique<TruthColumn>(array);
    } else if constexpr (std::is_same_v<T, arrow::StringType> || std::is_same_v<T, arrow::LargeStringType>) {
      made = std::make_unique<TextColumn<typename arrow::TypeTraits<T>::ArrayType>>(array);
    } else if constexpr (std::is_same_v<T, arrow::TimestampType> || std::is_same_v<T, arrow::Date32Type>) {
      made = std::make_unique<TimeColumn<T>>(array);
    } else if constexpr (std::is_same_v<T, arrow::ListType> || std::is_same_v<T, arrow::LargeListType> ||
                         std::is_same_v<T, arrow::FixedSizeListType>) {
      made = ListColumn<typename arrow::TypeTraits<T>::ArrayType>::make(array);
    } else if constexpr (std::is_same_v<T, arrow::StructType>) {
      made = ObjectColumn::make(array);
    } else if constexpr (std::is_same_v<T, arrow::ExtensionType>) {
      made = TensorColumn::make(array);
    } else if constexpr (std::is_same_v<T, arrow::NullType>) {
      made = std::make_unique<NothingColumn>(array);
    } else {
      made = Error(Code::invalid, "JSON has no form for a column of type " + text(type) +
                                      "; leave it out, or turn it into text or numbers first");
    }
    return arrow::Status::OK();
  }
};

Made json_column(const std::shared_ptr<arrow::Array>& array) {
  ByType by_type{array};
  KLEIN_ARROW_OK(arrow::VisitTypeInline(*array->type(), &by_type));
  return std::move(by_type.made);
}

}  // namespace

Result<> check_json_text(const Schema& schema) {
  for (const auto& field : schema.arrow()->fields()) {
    auto made = json_column(KLEIN_ARROW(arrow::MakeEmptyArray(field->type())));
    if (!made.ok()) return std::move(made).error().while_doing("column '" + field->name() + "'");
  }
  return {};
}

Result<> append_json_lines(const Batch& batch, std::string& lines) {
  const auto rows = KLEIN_ARROW(batch.columns()->ToStructArray());
  const auto column = KLEIN_TRY(json_column(rows));
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    column->append(row, lines);
    lines += '\n';
  }
  return {};
}

}  // namespace klein
