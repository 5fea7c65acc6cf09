// Values that hold values: lists, dicts, arrays. And what a column is told to expect.

#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "rows_write.h"
#include "tensors.h"

namespace klein::py {

bool Column::append_list(PyObject* value) {
  const auto entries = Reference::take(PySequence_Fast(value, "a list"));
  if (!entries) return PyErr_Clear(), mismatch(value);
  const auto count = PySequence_Fast_GET_SIZE(entries.get());
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!entries_->append(PySequence_Fast_GET_ITEM(entries.get(), i))) return fail("in a list " + entries_->problem());
  }
  if (entries_->size() > INT32_MAX) return fail("holds more than 2,147,483,647 entries in one batch");
  offsets_.push_back(static_cast<std::int32_t>(entries_->size()));
  return taken(), true;
}

bool Column::append_record(PyObject* value) {
  if (!fields_->append(value)) return fail("in a dict: " + fields_->problem());
  return taken(), true;
}

bool Column::append_tensor(PyObject* value) {
  Py_buffer buffer;
  if (PyObject_GetBuffer(value, &buffer, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) == 0) {
    const auto appended = append_buffer(buffer);
    PyBuffer_Release(&buffer);
    return appended;
  }
  PyErr_Clear();
  const auto strided = PyObject_GetBuffer(value, &buffer, PyBUF_FORMAT | PyBUF_STRIDES) == 0;
  if (strided) PyBuffer_Release(&buffer);
  PyErr_Clear();
  const auto copy = strided ? Reference::take(PyObject_CallMethod(value, "copy", "s", "C")) : Reference();
  if (!copy) return PyErr_Clear(), fail("can't hold an array of this dtype; give numbers, or a list");
  return append_tensor(copy.get());
}

bool Column::append_buffer(const Py_buffer& buffer) {
  if (!fits(buffer)) return false;
  const auto* first = static_cast<const std::uint8_t*>(buffer.buf);
  bytes_.insert(bytes_.end(), first, first + buffer.len);
  const auto elements = bytes_.size() / static_cast<std::size_t>(buffer.itemsize);
  if (elements > INT32_MAX) return fail("holds more than 2,147,483,647 elements in one batch; make batches smaller");
  offsets_.push_back(static_cast<std::int32_t>(elements));
  return taken(), true;
}

bool Column::fits(const Py_buffer& buffer) {
  const auto number = number_type(buffer.format ? buffer.format : "B");
  if (!number) return fail("can't hold an array of this dtype; give numbers, or a list");
  std::vector<std::int64_t> shape;
  for (int i = 0; i < buffer.ndim; ++i) shape.push_back(buffer.shape[i]);
  if (!number_) {
    number_ = number;
    shape_ = shape;
  }
  if (!number->Equals(*number_)) {
    return fail("holds arrays of " + number_->ToString() + ", and one is of " + number->ToString());
  }
  if (shape == shape_) return true;
  if (shape.size() == 1 && shape_.size() == 1 && (ragged_ || !settled_)) return ragged_ = true;
  return fail("holds arrays of one shape, and one has another; give all the same shape, or one dimension each");
}

namespace {

Kind flat_kind(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::BOOL: return Kind::boolean;
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE: return Kind::float64;
    case Type::STRING:
    case Type::LARGE_STRING: return Kind::string;
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::FIXED_SIZE_BINARY: return Kind::binary;
    case Type::DATE32:
    case Type::DATE64: return Kind::date;
    case Type::TIME32:
    case Type::TIME64: return Kind::time;
    case Type::DURATION: return Kind::timedelta;
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? Kind::datetime : Kind::datetime_utc;
    default: return arrow::is_integer(type.id()) ? Kind::int64 : Kind::nothing;
  }
}

}  // namespace

void Column::expect(const arrow::DataType& type) {
  settled_ = true;
  if (const auto* tensor = dynamic_cast<const arrow::extension::FixedShapeTensorType*>(&type)) {
    kind_ = Kind::tensor;
    number_ = tensor->value_type();
    shape_ = tensor->shape();
    return;
  }
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      become(Kind::list);
      entries_->expect(*type.field(0)->type());
      break;
    case arrow::Type::STRUCT:
      become(Kind::record);
      fields_->expect(type.fields());
      break;
    default: kind_ = flat_kind(type); settled_ = kind_ != Kind::nothing;  // others are cast from what their values are
  }
}

}  // namespace klein::py
