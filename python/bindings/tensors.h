#pragma once
// Fixed-shape tensor columns and numpy arrays over the same memory. GIL held in every call.

#include "interpreter.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace klein::py {

/// A tensor column in row-major order, of numbers that numpy has.
bool is_tensor(const arrow::DataType& type);

/// A read-only array of one more dimension, the rows, over the column's own memory; null with the exception set.
PyObject* tensors_as_numpy(const std::shared_ptr<arrow::Array>& column);

/// The number type of a buffer's format character ("f", "=i", "<l"), or null.
std::shared_ptr<arrow::DataType> number_type(const char* format);
int byte_width(const arrow::DataType& number);

}  // namespace klein::py
