// The other half: values that decide a column's type, change it, or do not fit.

#include <string_view>

#include "rows_write.h"
#include "times.h"

namespace klein::py {

namespace {

const char* name_of(Kind kind) {
  constexpr const char* names[] = {
      "nothing", "bool", "int64",    "double", "string", "binary", "timestamp", "timestamp with a zone",
      "date",    "time", "duration", "list",   "struct", "tensor"};
  return names[static_cast<int>(kind)];
}

bool is_numpy(PyObject* value) { return std::string_view(Py_TYPE(value)->tp_name).starts_with("numpy."); }

Kind kind_of_time(PyObject* value) {
  switch (time_kind(value)) {
    case TimeKind::datetime: return Kind::datetime;
    case TimeKind::datetime_utc: return Kind::datetime_utc;
    case TimeKind::date: return Kind::date;
    case TimeKind::time: return Kind::time;
    case TimeKind::timedelta: return Kind::timedelta;
    case TimeKind::none: return Kind::nothing;
  }
  return Kind::nothing;
}

Kind kind_of(PyObject* value) {
  if (PyBool_Check(value)) return Kind::boolean;
  if (PyLong_Check(value)) return Kind::int64;
  if (PyFloat_Check(value)) return Kind::float64;
  if (PyUnicode_Check(value)) return Kind::string;
  if (PyBytes_Check(value) || PyByteArray_Check(value) || PyMemoryView_Check(value)) return Kind::binary;
  if (PyList_Check(value) || PyTuple_Check(value)) return Kind::list;
  if (PyDict_Check(value)) return Kind::record;
  if (std::string_view(Py_TYPE(value)->tp_name) == "numpy.ndarray") return Kind::tensor;
  return kind_of_time(value);
}

TimeKind time_of(Kind kind) {
  switch (kind) {
    case Kind::datetime: return TimeKind::datetime;
    case Kind::datetime_utc: return TimeKind::datetime_utc;
    case Kind::date: return TimeKind::date;
    case Kind::time: return TimeKind::time;
    default: return TimeKind::timedelta;
  }
}

}  // namespace

Column::Column() = default;
Column::Column(Column&&) noexcept = default;
Column::~Column() = default;

bool Column::fail(std::string problem) {
  problem_ = std::move(problem);
  return false;
}

bool Column::mismatch(PyObject* value) {
  const std::string got = Py_TYPE(value)->tp_name;
  if (kind_ == Kind::nothing) return fail("can't hold a value of Python type " + got);
  return fail("holds " + std::string(name_of(kind_)) + ", and a value is of Python type " + got +
              "; return one type every time" + (settled_ ? ", or declare schema=" : ""));
}

bool Column::append_other(PyObject* value) {
  if (value == Py_None) return append_null(), true;
  const auto kind = kind_of(value);
  if (kind == Kind::nothing) return append_numpy(value);
  if (kind == Kind::float64 && kind_ == Kind::int64 && !settled_) {
    reals_.assign(numbers_.begin(), numbers_.end());
    numbers_.clear();
    kind_ = Kind::float64;
  }
  if (kind_ == Kind::nothing && !become(kind)) return false;
  return append_of(kind, value);
}

bool Column::append_of(Kind kind, PyObject* value) {
  if (kind == Kind::int64 && kind_ == Kind::float64) {
    reals_.push_back(PyLong_AsDouble(value));
    if (PyErr_Occurred()) return PyErr_Clear(), fail("holds numbers, and one is too large");
    return taken(), true;
  }
  if (kind == Kind::tensor && kind_ == Kind::list) return append_list(value);
  if (kind != kind_) return mismatch(value);
  switch (kind) {
    case Kind::int64: return append_integer(value);
    case Kind::string: return append_text(value);
    case Kind::binary: return append_bytes(value);
    case Kind::list: return append_list(value);
    case Kind::record: return append_record(value);
    case Kind::tensor: return append_tensor(value);
    case Kind::float64: reals_.push_back(PyFloat_AS_DOUBLE(value)); break;
    case Kind::boolean: bytes_.push_back(value == Py_True); break;
    default: {
      std::int64_t count = 0;
      if (!time_count(value, time_of(kind), count)) return PyErr_Clear(), mismatch(value);
      numbers_.push_back(count);
    }
  }
  return taken(), true;
}

/// numpy's scalars, and what can be an array.
bool Column::append_numpy(PyObject* value) {
  const char* method = is_numpy(value) ? "item" : "__array__";
  if (!PyObject_HasAttrString(value, method)) return mismatch(value);
  const auto plain = Reference::take(PyObject_CallMethod(value, method, nullptr));
  if (!plain) return PyErr_Clear(), mismatch(value);
  return Py_TYPE(plain.get()) == Py_TYPE(value) ? mismatch(value) : append(plain.get());
}

}  // namespace klein::py
