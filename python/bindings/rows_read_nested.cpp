// Cells that hold cells: lists, structs, dictionaries, maps, and tensors as numpy arrays over Arrow's own memory.

#include <arrow/array.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/type.h>
#include <nanobind/nanobind.h>

#include "rows_read.h"
#include "tensors.h"

namespace klein::py {

namespace {

template <typename Array>
class Lists final : public Cells {
 public:
  Lists(const std::shared_ptr<arrow::Array>& column, std::unique_ptr<Cells> entries)
      : column_(std::static_pointer_cast<Array>(column)), entries_(std::move(entries)) {}
  PyObject* get(std::int64_t row) const override {
    if (column_->IsNull(row)) Py_RETURN_NONE;
    const auto first = static_cast<std::int64_t>(column_->value_offset(row)),
               size = static_cast<std::int64_t>(column_->value_length(row));
    auto* list = PyList_New(size);
    for (std::int64_t i = 0; list && i < size; ++i) {
      auto* entry = entries_->get(first + i);
      if (entry) PyList_SET_ITEM(list, i, entry);
      if (!entry) Py_CLEAR(list);
    }
    return list;
  }

 private:
  const std::shared_ptr<Array> column_;
  const std::unique_ptr<Cells> entries_;
};

class Structs final : public Cells {
 public:
  Structs(std::shared_ptr<arrow::Array> column, std::vector<Reference> keys, std::vector<std::unique_ptr<Cells>> fields)
      : column_(std::move(column)), keys_(std::move(keys)), fields_(std::move(fields)) {}
  PyObject* get(std::int64_t row) const override {
    if (column_->IsNull(row)) Py_RETURN_NONE;
    auto* dict = PyDict_New();
    for (std::size_t i = 0; dict && i < fields_.size(); ++i) {
      auto* value = fields_[i]->get(row);
      if (!value || PyDict_SetItem(dict, keys_[i].get(), value) < 0) Py_CLEAR(dict);
      Py_XDECREF(value);
    }
    return dict;
  }

 private:
  const std::shared_ptr<arrow::Array> column_;
  const std::vector<Reference> keys_;
  const std::vector<std::unique_ptr<Cells>> fields_;
};

class Coded final : public Cells {
 public:
  Coded(const std::shared_ptr<arrow::Array>& column, std::unique_ptr<Cells> words)
      : column_(std::static_pointer_cast<arrow::DictionaryArray>(column)), words_(std::move(words)) {}
  PyObject* get(std::int64_t row) const override {
    if (column_->IsNull(row)) Py_RETURN_NONE;
    return words_->get(column_->GetValueIndex(row));
  }

 private:
  const std::shared_ptr<arrow::DictionaryArray> column_;
  const std::unique_ptr<Cells> words_;
};

/// One numpy array over the whole column; a cell is a view of it.
class Tensors final : public Cells {
 public:
  explicit Tensors(std::shared_ptr<arrow::Array> column)
      : column_(std::move(column)), all_(Reference::take(tensors_as_numpy(column_))) {}
  PyObject* get(std::int64_t row) const override {
    if (!all_) return nullptr;
    if (column_->IsNull(row)) Py_RETURN_NONE;
    return PySequence_GetItem(all_.get(), row);
  }

 private:
  const std::shared_ptr<arrow::Array> column_;
  const Reference all_;
};

template <typename Array>
Result<std::unique_ptr<Cells>> lists(const std::shared_ptr<arrow::Array>& column, const std::string& name) {
  auto entries = KLEIN_TRY(cells_of(static_cast<const Array&>(*column).values(), name));
  return std::make_unique<Lists<Array>>(column, std::move(entries));
}

Result<std::unique_ptr<Cells>> structs(const std::shared_ptr<arrow::Array>& column, const std::string& name) {
  std::vector<Reference> keys;
  std::vector<std::unique_ptr<Cells>> fields;
  const auto& structs = static_cast<const arrow::StructArray&>(*column);
  for (int i = 0; i < structs.num_fields(); ++i) {
    const auto& field = structs.struct_type()->field(i)->name();
    keys.push_back(Reference::take(PyUnicode_InternFromString(field.c_str())));
    fields.push_back(KLEIN_TRY(cells_of(structs.field(i), name + "." + field)));
  }
  return std::make_unique<Structs>(column, std::move(keys), std::move(fields));
}

}  // namespace

Result<std::unique_ptr<Cells>> nested_cells(const std::shared_ptr<arrow::Array>& column, const std::string& name) {
  switch (column->type_id()) {
    case arrow::Type::LIST: return lists<arrow::ListArray>(column, name);
    case arrow::Type::LARGE_LIST: return lists<arrow::LargeListArray>(column, name);
    case arrow::Type::FIXED_SIZE_LIST: return lists<arrow::FixedSizeListArray>(column, name);
    case arrow::Type::MAP: return lists<arrow::MapArray>(column, name);
    case arrow::Type::STRUCT: return structs(column, name);
    case arrow::Type::DICTIONARY: {
      auto words = KLEIN_TRY(cells_of(static_cast<const arrow::DictionaryArray&>(*column).dictionary(), name));
      return std::make_unique<Coded>(column, std::move(words));
    }
    case arrow::Type::EXTENSION: return cells_of(static_cast<const arrow::ExtensionArray&>(*column).storage(), name);
    default: return std::unique_ptr<Cells>();
  }
}

std::unique_ptr<Cells> tensor_cells(const std::shared_ptr<arrow::Array>& column) {
  return is_tensor(*column->type()) ? std::make_unique<Tensors>(column) : nullptr;
}

}  // namespace klein::py
