// The hot half: values of the type that is expected, and rows whose keys come in the order that is expected.

#include "rows_write.h"

#include <arrow/type.h>

namespace klein::py {

bool Column::append(PyObject* value) {
  const auto* type = Py_TYPE(value);
  switch (kind_) {
    case Kind::int64:
      if (type == &PyLong_Type) return append_integer(value);
      break;
    case Kind::float64:
      if (type != &PyFloat_Type) break;
      reals_.push_back(PyFloat_AS_DOUBLE(value));
      return taken(), true;
    case Kind::string:
      if (type == &PyUnicode_Type) return append_text(value);
      break;
    case Kind::binary:
      if (type == &PyBytes_Type) return append_bytes(value);
      break;
    case Kind::boolean:
      if (type != &PyBool_Type) break;
      bytes_.push_back(value == Py_True);
      return taken(), true;
    default: break;
  }
  return append_other(value);
}

bool Column::append_integer(PyObject* value) {
  int overflow = 0;
  const auto number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow) return fail("holds 64-bit integers, and one does not fit");
  numbers_.push_back(number);
  return taken(), true;
}

bool Column::append_text(PyObject* value) {
  const auto ascii = PyUnicode_IS_COMPACT_ASCII(value);
  Py_ssize_t size = ascii ? PyUnicode_GET_LENGTH(value) : 0;
  const char* text = ascii ? static_cast<const char*>(PyUnicode_DATA(value)) : PyUnicode_AsUTF8AndSize(value, &size);
  if (!text) return PyErr_Clear(), append_name(value);
  bytes_.insert(bytes_.end(), text, text + size);
  if (bytes_.size() > INT32_MAX) return fail("holds more than 2 GB in one batch; make batches smaller");
  offsets_.push_back(static_cast<std::int32_t>(bytes_.size()));
  return taken(), true;
}

/// What is not valid Unicode may be a file's name, as os.fsdecode has it.
bool Column::append_name(PyObject* value) {
  const auto name = Reference::take(PyUnicode_AsEncodedString(value, "utf-8", "surrogateescape"));
  if (!name.get()) return PyErr_Clear(), fail("holds a string that is not valid Unicode");
  return append_bytes(name.get());
}

bool Column::append_bytes(PyObject* value) {
  Py_buffer view;
  if (PyObject_GetBuffer(value, &view, PyBUF_SIMPLE) < 0) return PyErr_Clear(), mismatch(value);
  const auto* first = static_cast<const std::uint8_t*>(view.buf);
  bytes_.insert(bytes_.end(), first, first + view.len);
  PyBuffer_Release(&view);
  if (bytes_.size() > INT32_MAX) return fail("holds more than 2 GB in one batch; make batches smaller");
  offsets_.push_back(static_cast<std::int32_t>(bytes_.size()));
  return taken(), true;
}

Fields::Field* Fields::find(PyObject* key, std::size_t& next) {
  if (next < fields_.size() && fields_[next].key.get() == key) return &fields_[next++];
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].key.get() == key) return next = i + 1, &fields_[i];
  }
  if (!PyUnicode_Check(key)) return problem_ = "a row's keys must be strings", nullptr;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (PyUnicode_Compare(fields_[i].key.get(), key) == 0) return next = i + 1, &fields_[i];
  }
  next = fields_.size() + 1;
  return add(key);
}

bool Fields::append(PyObject* dict) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  std::size_t next = 0;
  while (PyDict_Next(dict, &position, &key, &value)) {
    auto* field = find(key, next);
    if (!field) return false;
    if (!field->column.append(value)) {
      problem_ = "column '" + field->name + "' " + field->column.problem();
      return false;
    }
  }
  if (static_cast<std::size_t>(PyDict_GET_SIZE(dict)) < fields_.size()) fill();
  ++rows_;
  return true;
}

void Fields::fill() {
  for (auto& field : fields_) {
    if (field.column.size() == rows_) field.column.append_null();
  }
}

Fields::Field* Fields::add(PyObject* key) {
  const char* name = PyUnicode_AsUTF8(key);
  if (!name) return PyErr_Clear(), problem_ = "a row's key is not valid Unicode", nullptr;
  if (settled_) {
    problem_ = "there is a new column '" + std::string(name) +
               "', which the first rows had not; return the same columns every time, or declare schema=";
    return nullptr;
  }
  Column column;
  for (std::int64_t i = 0; i < rows_; ++i) column.append_null();
  fields_.push_back({Reference::share(key), name, std::move(column)});
  return &fields_.back();
}

void Fields::append_null() {
  for (auto& field : fields_) field.column.append_null();
  ++rows_;
}

void Fields::expect(const arrow::FieldVector& fields) {
  fields_.clear();
  for (const auto& field : fields) {
    Column column;
    column.expect(*field->type());
    fields_.push_back(
        {Reference::take(PyUnicode_InternFromString(field->name().c_str())), field->name(), std::move(column)});
  }
  settled_ = true;
}

}  // namespace klein::py
