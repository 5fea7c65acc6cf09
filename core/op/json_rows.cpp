#include "op/json_rows.h"

#include <arrow/array.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/visit_scalar_inline.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/text.h"
#include "base/value.h"

namespace klein {

namespace {

using Type = std::shared_ptr<arrow::DataType>;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// The parts between commas that stand in no bracket.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) depth += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    if (const auto part = trimmed(text.substr(begin, i - begin)); !part.empty()) parts.push_back(part);
    begin = i + 1;
  }
  return parts;
}

Result<Type> tensor_from_text(std::string_view text) {  // behind "tensor["
  const auto end = text.find(']');
  auto of = end == std::string_view::npos ? "" : trimmed(text.substr(end + 1));
  std::vector<std::int64_t> shape;
  for (const auto part : split(text.substr(0, std::min(end, text.size())))) {
    std::int64_t size = 0;
    std::from_chars(part.data(), part.data() + part.size(), size);
    shape.push_back(size);
  }
  if (shape.empty() || !take_prefix(of, "of ")) {
    return Error(Code::invalid, "a tensor's type is like tensor[2, 3] of uint8, not tensor[" + std::string(text));
  }
  return KLEIN_ARROW(arrow::extension::FixedShapeTensorType::Make(KLEIN_TRY(type_from_text(of)), shape));
}

/// The type that covers both; null covers nothing.
Result<Type> common(const Type& a, const Type& b) {
  if (a->id() == arrow::Type::NA || a->Equals(*b)) return b;
  if (b->id() == arrow::Type::NA) return a;
  const auto number = [](const Type& type) {
    return type->id() == arrow::Type::INT64 || type->id() == arrow::Type::DOUBLE;
  };
  if (number(a) && number(b)) return arrow::float64();
  if (a->id() == arrow::Type::LIST && b->id() == arrow::Type::LIST) {
    return arrow::list(KLEIN_TRY(common(a->field(0)->type(), b->field(0)->type())));
  }
  return Error(Code::invalid, "a column holds both " + a->ToString() + " and " + b->ToString());
}

Result<Type> type_of(const Value& value);

Result<Type> type_of_all(const Value::List& values) {
  auto all = arrow::null();
  for (const auto& value : values) {
    const auto type = KLEIN_TRY(type_of(value));
    all = KLEIN_TRY(common(all, type));
  }
  return all;
}

Result<Type> type_of(const Value& value) {
  if (value.get<bool>()) return arrow::boolean();
  if (value.get<std::int64_t>()) return arrow::int64();
  if (value.get<double>()) return arrow::float64();
  if (value.get<std::string>()) return arrow::utf8();
  if (const auto* list = value.get<Value::List>()) return arrow::list(KLEIN_TRY(type_of_all(*list)));
  arrow::FieldVector fields;
  if (const auto* map = value.get<Value::Map>()) {
    for (const auto& [name, entry] : *map) fields.push_back(arrow::field(name, KLEIN_TRY(type_of(entry))));
    return arrow::struct_(std::move(fields));
  }
  return arrow::null();
}

void flatten(const Value& value, Value::List& flat) {
  const auto* list = value.get<Value::List>();
  if (!list) return flat.push_back(value);
  for (const auto& entry : *list) flatten(entry, flat);
}

Result<std::shared_ptr<arrow::Array>> column_from(const Type& type, Value::List values) {
  if (type->id() != arrow::Type::EXTENSION) {
    return KLEIN_ARROW(arrow::json::ArrayFromJSONString(type, to_json(Value(std::move(values)))));
  }
  for (auto& value : values) {
    if (value.is_null()) continue;
    Value::List flat;
    flatten(value, flat);
    value = Value(std::move(flat));
  }
  const auto& storage = static_cast<const arrow::ExtensionType&>(*type).storage_type();
  const auto array = KLEIN_ARROW(arrow::json::ArrayFromJSONString(storage, to_json(Value(std::move(values)))));
  return arrow::ExtensionType::WrapArray(type, array);
}

/// The columns being collected from rows, in order.
struct Collected {
  std::vector<std::string> names;
  std::map<std::string, Type, std::less<>> declared;
  std::map<std::string, Value::List, std::less<>> values;

  void add(const std::string& name, std::size_t row, Value value) {
    if (!values.contains(name)) names.push_back(name);
    auto& column = values[name];
    column.resize(row);  // null in the rows that lacked it
    column.push_back(std::move(value));
  }
};

Result<> declare(std::string_view types, Collected& columns) {
  for (const auto part : split(types)) {
    const auto colon = part.find(':');
    if (colon == std::string_view::npos)
      return Error(Code::invalid, "types are like \"x: int32\", not " + std::string(part));
    const std::string name(trimmed(part.substr(0, colon)));
    columns.declared[name] = KLEIN_TRY(type_from_text(trimmed(part.substr(colon + 1))));
    columns.names.push_back(name);
    columns.values[name];
  }
  return {};
}

/// Arrow's scalar as a value: what JSON has, as it is; the rest by its text.
struct ToValue {
  Value value;

  template <typename Scalar>
  arrow::Status Visit(const Scalar& scalar) {
    value = of(scalar);
    return arrow::Status::OK();
  }

 private:
  template <typename Scalar>
  static Value of(const Scalar& scalar) {
    if constexpr (std::is_base_of_v<arrow::BooleanScalar, Scalar>) {
      return scalar.value;
    } else if constexpr (std::is_base_of_v<arrow::BaseListScalar, Scalar>) {
      Value::List list;
      for (std::int64_t i = 0; i < scalar.value->length(); ++i) list.push_back(at(*scalar.value, i));
      return list;
    } else if constexpr (std::is_base_of_v<arrow::BaseBinaryScalar, Scalar>) {
      return std::string(scalar.view());
    } else if constexpr (std::is_base_of_v<arrow::StructScalar, Scalar>) {
      Value::Map map;
      for (std::size_t i = 0; i < scalar.value.size(); ++i) {
        map.emplace_back(scalar.type->field(static_cast<int>(i))->name(), of_scalar(*scalar.value[i]));
      }
      return map;
    } else {
      return of_number(scalar);
    }
  }

  template <typename Scalar>
  static Value of_number(const Scalar& scalar) {
    if constexpr (requires { typename Scalar::ValueType; }) {
      if constexpr (std::is_floating_point_v<typename Scalar::ValueType>) return static_cast<double>(scalar.value);
      if constexpr (std::is_integral_v<typename Scalar::ValueType>) return static_cast<std::int64_t>(scalar.value);
    }
    return scalar.ToString();
  }

 public:
  static Value of_scalar(const arrow::Scalar& scalar) {
    if (!scalar.is_valid) return {};
    ToValue to;
    return arrow::VisitScalarInline(scalar, &to).ok() ? to.value : Value(scalar.ToString());
  }
  static Value at(const arrow::Array& array, std::int64_t row) {
    const auto scalar = array.GetScalar(row);
    return scalar.ok() ? of_scalar(**scalar) : Value(scalar.status().message());
  }
};

/// The flat values of a tensor as lists within lists.
Value nested(const Value::List& flat, const std::vector<std::int64_t>& shape, std::size_t dimension,
             std::size_t& next) {
  if (dimension == shape.size()) return flat[next++];
  Value::List list;
  for (std::int64_t i = 0; i < shape[dimension]; ++i) list.push_back(nested(flat, shape, dimension + 1, next));
  return list;
}

Value value_at(const arrow::Array& array, std::int64_t row) {
  if (array.type_id() != arrow::Type::EXTENSION) return ToValue::at(array, row);
  const auto& storage = *static_cast<const arrow::ExtensionArray&>(array).storage();
  auto value = value_at(storage, row);
  const auto* tensor = dynamic_cast<const arrow::extension::FixedShapeTensorType*>(array.type().get());
  const auto* flat = value.get<Value::List>();
  std::size_t next = 0;
  return tensor && flat ? nested(*flat, tensor->shape(), 0, next) : value;
}

}  // namespace

Result<Type> type_from_text(std::string_view text) {
  static const std::map<std::string, Type, std::less<>> plain = {
      {"bool", arrow::boolean()},
      {"int8", arrow::int8()},
      {"int16", arrow::int16()},
      {"int32", arrow::int32()},
      {"int64", arrow::int64()},
      {"uint8", arrow::uint8()},
      {"uint16", arrow::uint16()},
      {"uint32", arrow::uint32()},
      {"uint64", arrow::uint64()},
      {"float16", arrow::float16()},
      {"float32", arrow::float32()},
      {"float64", arrow::float64()},
      {"string", arrow::utf8()},
      {"binary", arrow::binary()},
      {"null", arrow::null()},
      {"date", arrow::date32()},
      {"timestamp", arrow::timestamp(arrow::TimeUnit::NANO)}};
  text = trimmed(text);
  if (const auto found = plain.find(text); found != plain.end()) return found->second;
  auto rest = text;
  if (take_prefix(rest, "list of ")) return arrow::list(KLEIN_TRY(type_from_text(rest)));
  if (take_prefix(rest, "tensor[")) return tensor_from_text(rest);
  std::vector<std::string> known;
  for (const auto& [name, type] : plain) known.push_back(name);
  return Error(Code::invalid, "there is no type '" + std::string(text) + "'." + suggestion(text, known));
}

Result<Batch> rows_from_json(std::string_view rows, std::string_view types) {
  const auto parsed = KLEIN_TRY(parse_json(rows));
  const auto* list = parsed.get<Value::List>();
  if (!list) return Error(Code::invalid, "rows are a JSON array, not " + kind_of(parsed));
  Collected columns;
  KLEIN_TRY(declare(types, columns));
  for (std::size_t row = 0; row < list->size(); ++row) {
    const auto* map = (*list)[row].get<Value::Map>();
    if (!map) columns.add("value", row, (*list)[row]);
    for (const auto& [name, value] : map ? *map : Value::Map{}) columns.add(name, row, value);
  }
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& name : columns.names) {
    auto& values = columns.values[name];
    values.resize(list->size());
    auto type = columns.declared[name];
    if (!type) type = KLEIN_TRY(type_of_all(values));
    arrays.push_back(KLEIN_TRY(column_from(type, std::move(values))));
    fields.push_back(arrow::field(name, type));
  }
  return Batch(arrow::RecordBatch::Make(arrow::schema(fields), static_cast<std::int64_t>(list->size()), arrays));
}

Result<std::vector<std::string>> rows_to_json(const std::vector<Batch>& batches) {
  std::vector<std::string> lines;
  for (const auto& batch : batches) {
    const auto& columns = *batch.columns();
    const bool bare = columns.num_columns() == 1 && columns.column_name(0) == "value";
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      Value::Map map;
      for (int i = 0; i < columns.num_columns(); ++i)
        map.emplace_back(columns.column_name(i), value_at(*columns.column(i), row));
      lines.push_back(to_json(bare ? map.front().second : Value(std::move(map))));
    }
  }
  return lines;
}

}  // namespace klein
