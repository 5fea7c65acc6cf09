// Cells of numbers, text and bytes, and the choice of cells for a column's type.

#include "rows_read.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/float16.h>

#include <cstring>

namespace klein::py {

namespace {

/// Cells that ask `Make::make(array, row)` for what is not null.
template <typename Array, PyObject* (*make)(const Array&, std::int64_t)>
class Scalars final : public Cells {
 public:
  explicit Scalars(const std::shared_ptr<arrow::Array>& column)
      : column_(std::static_pointer_cast<Array>(column)), nulls_(column->null_count() > 0) {}
  PyObject* get(std::int64_t row) const override {
    if (nulls_ && column_->IsNull(row)) Py_RETURN_NONE;
    return make(*column_, row);
  }

 private:
  const std::shared_ptr<Array> column_;
  const bool nulls_;
};

template <typename Array>
PyObject* integer(const Array& array, std::int64_t row) {
  if constexpr (std::is_same_v<Array, arrow::UInt64Array>) return PyLong_FromUnsignedLongLong(array.Value(row));
  return PyLong_FromLongLong(static_cast<long long>(array.Value(row)));
}

template <typename Array>
PyObject* real(const Array& array, std::int64_t row) {
  return PyFloat_FromDouble(array.Value(row));
}

PyObject* half(const arrow::HalfFloatArray& array, std::int64_t row) {
  return PyFloat_FromDouble(arrow::util::Float16::FromBits(array.Value(row)).ToDouble());
}

PyObject* truth(const arrow::BooleanArray& array, std::int64_t row) { return PyBool_FromLong(array.Value(row)); }

bool is_ascii(const char* text, std::size_t size) {
  std::uint64_t all = 0;
  for (; size >= 8; text += 8, size -= 8) {
    std::uint64_t eight;
    std::memcpy(&eight, text, 8);
    all |= eight;
  }
  for (; size > 0; ++text, --size) all |= static_cast<std::uint64_t>(static_cast<unsigned char>(*text)) << 56U;
  constexpr std::uint64_t high = 0x8080808080808080U;
  return (all & high) == 0;
}

template <typename Array>
PyObject* text(const Array& array, std::int64_t row) {
  const auto view = array.GetView(row);
  const auto size = static_cast<Py_ssize_t>(view.size());
  // Names of files may be any bytes: as os.fsdecode has them.
  if (!is_ascii(view.data(), view.size())) return PyUnicode_DecodeUTF8(view.data(), size, "surrogateescape");
  auto* made = PyUnicode_New(size, 127);
  if (made && size > 0) std::memcpy(PyUnicode_1BYTE_DATA(made), view.data(), view.size());
  return made;
}

template <typename Array>
PyObject* bytes(const Array& array, std::int64_t row) {
  const auto view = array.GetView(row);
  return PyBytes_FromStringAndSize(view.data(), static_cast<Py_ssize_t>(view.size()));
}

class Nothing final : public Cells {
 public:
  PyObject* get(std::int64_t) const override { Py_RETURN_NONE; }
};

template <typename Array, PyObject* (*make)(const Array&, std::int64_t)>
std::unique_ptr<Cells> of(const std::shared_ptr<arrow::Array>& column) {
  return std::make_unique<Scalars<Array, make>>(column);
}

std::unique_ptr<Cells> scalar_cells(const std::shared_ptr<arrow::Array>& column) {
  using namespace arrow;  // NOLINT: a table of Arrow's types
  switch (column->type_id()) {
    case Type::NA: return std::make_unique<Nothing>();
    case Type::BOOL: return of<BooleanArray, truth>(column);
    case Type::INT8: return of<Int8Array, integer>(column);
    case Type::INT16: return of<Int16Array, integer>(column);
    case Type::INT32: return of<Int32Array, integer>(column);
    case Type::INT64: return of<Int64Array, integer>(column);
    case Type::UINT8: return of<UInt8Array, integer>(column);
    case Type::UINT16: return of<UInt16Array, integer>(column);
    case Type::UINT32: return of<UInt32Array, integer>(column);
    case Type::UINT64: return of<UInt64Array, integer>(column);
    case Type::HALF_FLOAT: return of<HalfFloatArray, half>(column);
    case Type::FLOAT: return of<FloatArray, real>(column);
    case Type::DOUBLE: return of<DoubleArray, real>(column);
    case Type::STRING: return of<StringArray, text>(column);
    case Type::LARGE_STRING: return of<LargeStringArray, text>(column);
    case Type::STRING_VIEW: return of<StringViewArray, text>(column);
    case Type::BINARY: return of<BinaryArray, bytes>(column);
    case Type::LARGE_BINARY: return of<LargeBinaryArray, bytes>(column);
    case Type::BINARY_VIEW: return of<BinaryViewArray, bytes>(column);
    case Type::FIXED_SIZE_BINARY: return of<FixedSizeBinaryArray, bytes>(column);
    default: return nullptr;
  }
}

}  // namespace

Result<std::unique_ptr<Cells>> cells_of(const std::shared_ptr<arrow::Array>& column, const std::string& name) {
  if (auto cells = scalar_cells(column)) return cells;
  if (auto cells = time_cells(column)) return cells;
  if (auto cells = tensor_cells(column)) return cells;
  if (auto cells = KLEIN_TRY(nested_cells(column, name))) return cells;
  return Error(Code::invalid,
               "column '" + name + "' can't be read by a Python function of rows; cast it or drop it: its type is " +
                   klein::text(*column->type()));
}

}  // namespace klein::py
