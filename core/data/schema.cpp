#include "data/schema.h"

#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include "base/text.h"

namespace klein {

Schema::Schema() : schema_(arrow::schema({})) {}

Schema::Schema(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) { KLEIN_ASSERT(schema_ != nullptr); }

int Schema::columns() const { return schema_->num_fields(); }

std::vector<std::string> Schema::names() const { return schema_->field_names(); }

bool Schema::has(std::string_view column) const { return schema_->GetFieldIndex(std::string(column)) >= 0; }

Result<int> Schema::index(std::string_view column) const {
  const auto all = schema_->GetAllFieldIndices(std::string(column));
  if (all.size() == 1) return all.front();
  if (all.size() > 1)
    return Error(Code::invalid, "more than one column is named '" + std::string(column) + "'; rename one");
  return Error(Code::not_found, "there is no column '" + std::string(column) + "'." + suggestion(column, names()));
}

Result<std::shared_ptr<arrow::DataType>> Schema::type(std::string_view column) const {
  return schema_->field(KLEIN_TRY(index(column)))->type();
}

std::string Schema::text() const {
  std::string all;
  for (const auto& field : schema_->fields()) {
    if (!all.empty()) all += ", ";
    all += field->name() + ": " + klein::text(*field->type());
  }
  return all;
}

bool Schema::operator==(const Schema& other) const {
  return schema_ == other.schema_ || schema_->Equals(*other.schema_, /*check_metadata=*/false);
}

/// Whether `from` is `to` but for parts that have had no value so far.
static bool lacks_only_values(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == arrow::Type::NA || from.Equals(to)) return true;
  if (from.id() != to.id() || from.num_fields() != to.num_fields() || from.num_fields() == 0) return false;
  for (int i = 0; i < from.num_fields(); ++i) {
    if (from.field(i)->name() != to.field(i)->name()) return false;
    if (!lacks_only_values(*from.field(i)->type(), *to.field(i)->type())) return false;
  }
  return true;
}

std::optional<Schema> unified(const Schema& one, const Schema& other) {
  if (one == other) return one;
  if (one.names() != other.names()) return std::nullopt;
  auto fields = one.arrow()->fields();
  for (int i = 0; i < one.columns(); ++i) {
    auto& field = fields[static_cast<std::size_t>(i)];
    const auto& second = other.arrow()->field(i);
    if (lacks_only_values(*second->type(), *field->type())) continue;
    if (!lacks_only_values(*field->type(), *second->type())) return std::nullopt;
    field = second;
  }
  return Schema(arrow::schema(std::move(fields), one.arrow()->metadata()));
}

std::string text(const arrow::DataType& type) {
  if (type.id() != arrow::Type::EXTENSION) return type.ToString();
  const auto* tensor = dynamic_cast<const arrow::extension::FixedShapeTensorType*>(&type);
  if (!tensor) return type.ToString();
  std::string shape;
  for (const auto size : tensor->shape()) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
  return "tensor[" + shape + "] of " + tensor->value_type()->ToString();
}

Error to_error(const arrow::Status& status) {
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError: return to_error(status, Code::resource);
    case arrow::StatusCode::KeyError: return to_error(status, Code::not_found);
    case arrow::StatusCode::IOError: return to_error(status, Code::io);
    case arrow::StatusCode::UnknownError: return to_error(status, Code::internal);
    default: return to_error(status, Code::invalid);
  }
}

Error to_error(const arrow::Status& status, Code code) { return Error(code, status.message()); }

}  // namespace klein
