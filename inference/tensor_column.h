#pragma once
// Tensors as columns: each row of a column is a cell of one element type and shape, and cells lie one behind the other
// in Arrow's buffer, so a model reads and writes them in place.

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "inference/model_session.h"

namespace arrow {
class Array;
class Buffer;
class DataType;
}  // namespace arrow

namespace klein {

/// What a row of a tensor column is; a plain number has no sizes.
struct Cell {
  ElementType element = ElementType::float32;
  Shape shape;
  std::int64_t elements() const { return element_count(shape); }
  std::int64_t bytes() const { return elements() * static_cast<std::int64_t>(size_of(element)); }
};

/// The cells of a column of this type: numbers, fixed-size lists of them, fixed-shape tensors in row-major order;
/// nothing for all other types.
std::optional<Cell> cell_of(const arrow::DataType& type);

/// Where the first row's cell begins; the others follow. `column` is of a type with cells.
const std::uint8_t* cells(const arrow::Array& column);
/// Sets `marks[row]` for each row that is null or holds a null.
void mark_nulls(const arrow::Array& column, std::vector<char>& marks);

/// The type of a column of such cells: numbers, or fixed-shape tensors; null for elements that have no Arrow type of
/// their size.
std::shared_ptr<arrow::DataType> column_type(const Cell& cell);
/// A column of `type` (from column_type) whose cells are in `buffer`.
std::shared_ptr<arrow::Array> make_column(const std::shared_ptr<arrow::DataType>& type, std::int64_t rows,
                                          std::shared_ptr<arrow::Buffer> buffer);

}  // namespace klein
