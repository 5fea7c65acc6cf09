#include "tensors.h"

#include <arrow/array.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/type.h>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <optional>

namespace klein::py {

namespace nb = nanobind;

namespace {

using arrow::extension::FixedShapeTensorType;

std::optional<nb::dlpack::dtype> dtype_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8: return nb::dtype<std::int8_t>();
    case arrow::Type::INT16: return nb::dtype<std::int16_t>();
    case arrow::Type::INT32: return nb::dtype<std::int32_t>();
    case arrow::Type::INT64: return nb::dtype<std::int64_t>();
    case arrow::Type::UINT8: return nb::dtype<std::uint8_t>();
    case arrow::Type::UINT16: return nb::dtype<std::uint16_t>();
    case arrow::Type::UINT32: return nb::dtype<std::uint32_t>();
    case arrow::Type::UINT64: return nb::dtype<std::uint64_t>();
    case arrow::Type::FLOAT: return nb::dtype<float>();
    case arrow::Type::DOUBLE: return nb::dtype<double>();
    case arrow::Type::HALF_FLOAT: {
      nb::dlpack::dtype half = nb::dtype<float>();
      half.bits = 16;
      return half;
    }
    default: return std::nullopt;
  }
}

const FixedShapeTensorType* tensor_type(const arrow::DataType& type) {
  const auto* tensor = dynamic_cast<const FixedShapeTensorType*>(&type);
  return tensor && std::is_sorted(tensor->permutation().begin(), tensor->permutation().end()) ? tensor : nullptr;
}

std::shared_ptr<arrow::DataType> signed_type(int width) {
  return width == 1 ? arrow::int8() : width == 2 ? arrow::int16() : width == 4 ? arrow::int32() : arrow::int64();
}

std::shared_ptr<arrow::DataType> unsigned_type(int width) {
  return width == 1 ? arrow::uint8() : width == 2 ? arrow::uint16() : width == 4 ? arrow::uint32() : arrow::uint64();
}

}  // namespace

bool is_tensor(const arrow::DataType& type) {
  const auto* tensor = tensor_type(type);
  return tensor && dtype_of(*tensor->value_type());
}

int byte_width(const arrow::DataType& number) { return number.bit_width() / 8; }

PyObject* tensors_as_numpy(const std::shared_ptr<arrow::Array>& column) {
  const auto& type = *tensor_type(*column->type());
  const auto& storage =
      static_cast<const arrow::FixedSizeListArray&>(*static_cast<const arrow::ExtensionArray&>(*column).storage());
  const auto& values = *storage.values()->data();
  std::vector<std::size_t> shape{static_cast<std::size_t>(column->length())};
  for (const auto size : type.shape()) shape.push_back(static_cast<std::size_t>(size));
  const auto first = values.offset + storage.value_offset(0);
  static const std::uint8_t nothing = 0;
  const auto* memory =
      values.buffers[1] ? values.buffers[1]->data() + first * byte_width(*type.value_type()) : &nothing;
  try {
    const nb::capsule owner(new std::shared_ptr<arrow::Array>(column), [](void* held) noexcept {
      delete static_cast<std::shared_ptr<arrow::Array>*>(held);
    });
    const nb::ndarray<nb::numpy, nb::ro> view(
        memory, shape.size(), shape.data(), owner, nullptr, *dtype_of(*type.value_type()));
    return nb::cast(view).release().ptr();
  } catch (nb::python_error& raised) {
    raised.restore();
    return nullptr;
  }
}

std::shared_ptr<arrow::DataType> number_type(const char* format) {
  if (*format == '=' || *format == '@' || *format == '<') ++format;
  if (*format == '\0' || format[1] != '\0') return nullptr;
  switch (*format) {
    case 'b': return arrow::int8();
    case '?':
    case 'B': return arrow::uint8();
    case 'h': return signed_type(sizeof(short));
    case 'H': return unsigned_type(sizeof(short));
    case 'i': return signed_type(sizeof(int));
    case 'I': return unsigned_type(sizeof(int));
    case 'l': return signed_type(sizeof(long));
    case 'L': return unsigned_type(sizeof(long));
    case 'q': return arrow::int64();
    case 'Q': return arrow::uint64();
    case 'e': return arrow::float16();
    case 'f': return arrow::float32();
    case 'd': return arrow::float64();
    default: return nullptr;
  }
}

}  // namespace klein::py
