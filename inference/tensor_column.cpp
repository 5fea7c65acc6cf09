#include "inference/tensor_column.h"

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <algorithm>

#include "base/assert.h"

namespace klein {
namespace {

using arrow::extension::FixedShapeTensorType;

struct NumberType {
  arrow::Type::type arrow;
  ElementType element;
  const std::shared_ptr<arrow::DataType>& (*make)();
};
constexpr NumberType number_types[] = {
    {arrow::Type::FLOAT, ElementType::float32, arrow::float32},
    {arrow::Type::DOUBLE, ElementType::float64, arrow::float64},
    {arrow::Type::HALF_FLOAT, ElementType::float16, arrow::float16},
    {arrow::Type::INT8, ElementType::int8, arrow::int8},
    {arrow::Type::INT16, ElementType::int16, arrow::int16},
    {arrow::Type::INT32, ElementType::int32, arrow::int32},
    {arrow::Type::INT64, ElementType::int64, arrow::int64},
    {arrow::Type::UINT8, ElementType::uint8, arrow::uint8},
    {arrow::Type::UINT16, ElementType::uint16, arrow::uint16},
    {arrow::Type::UINT32, ElementType::uint32, arrow::uint32},
    {arrow::Type::UINT64, ElementType::uint64, arrow::uint64},
};

std::optional<Cell> tensor_cell(const FixedShapeTensorType& type) {
  const auto& order = type.permutation();
  if (!std::is_sorted(order.begin(), order.end())) return std::nullopt;
  auto cell = cell_of(*type.value_type());
  if (cell) cell->shape = type.shape();
  return cell;
}

/// The type as it is stored: an extension's storage, else the type itself.
const arrow::DataType& storage(const arrow::DataType& type) {
  const auto* extension = dynamic_cast<const arrow::ExtensionType*>(&type);
  return extension == nullptr ? type : *extension->storage_type();
}

void mark(const arrow::ArrayData& data, std::int64_t first, std::int64_t each, std::vector<char>& marks) {
  const auto rows = static_cast<std::int64_t>(marks.size());
  if (data.buffers[0] != nullptr && data.GetNullCount() > 0) {
    for (std::int64_t i = 0; i < rows * each; ++i) {
      if (!arrow::bit_util::GetBit(data.buffers[0]->data(), data.offset + first + i)) {
        marks[static_cast<std::size_t>(i / each)] = 1;
      }
    }
  }
  const auto* list = dynamic_cast<const arrow::FixedSizeListType*>(&storage(*data.type));
  if (list != nullptr && list->list_size() > 0) {
    mark(*data.child_data[0], (data.offset + first) * list->list_size(), each * list->list_size(), marks);
  }
}

}  // namespace

std::optional<Cell> cell_of(const arrow::DataType& type) {
  if (const auto* tensor = dynamic_cast<const FixedShapeTensorType*>(&type)) return tensor_cell(*tensor);
  if (const auto* list = dynamic_cast<const arrow::FixedSizeListType*>(&type)) {
    auto cell = cell_of(*list->value_type());
    if (cell) cell->shape.insert(cell->shape.begin(), list->list_size());
    return cell;
  }
  for (const auto& number : number_types) {
    if (number.arrow == type.id()) return Cell{.element = number.element, .shape = {}};
  }
  return std::nullopt;
}

const std::uint8_t* cells(const arrow::Array& column) {
  const auto* data = column.data().get();
  auto first = data->offset;
  while (const auto* list = dynamic_cast<const arrow::FixedSizeListType*>(&storage(*data->type))) {
    first *= list->list_size();
    data = data->child_data[0].get();
    first += data->offset;
  }
  const auto cell = cell_of(*data->type);
  KLEIN_ASSERT(cell.has_value());
  return data->buffers[1]->data() + first * cell->bytes();
}

void mark_nulls(const arrow::Array& column, std::vector<char>& marks) {
  KLEIN_ASSERT(static_cast<std::int64_t>(marks.size()) == column.length());
  mark(*column.data(), 0, 1, marks);
}

std::shared_ptr<arrow::DataType> column_type(const Cell& cell) {
  for (const auto& number : number_types) {
    if (number.element != cell.element) continue;
    return cell.shape.empty() ? number.make() : arrow::extension::fixed_shape_tensor(number.make(), cell.shape);
  }
  return nullptr;
}

std::shared_ptr<arrow::Array> make_column(const std::shared_ptr<arrow::DataType>& type, std::int64_t rows,
                                          std::shared_ptr<arrow::Buffer> buffer) {
  const auto* tensor = dynamic_cast<const FixedShapeTensorType*>(type.get());
  if (tensor == nullptr) return arrow::MakeArray(arrow::ArrayData::Make(type, rows, {nullptr, std::move(buffer)}, 0));
  auto values = arrow::ArrayData::Make(
      tensor->value_type(), rows * element_count(tensor->shape()), {nullptr, std::move(buffer)}, 0);
  return arrow::MakeArray(arrow::ArrayData::Make(type, rows, {nullptr}, {std::move(values)}, 0));
}

}  // namespace klein
