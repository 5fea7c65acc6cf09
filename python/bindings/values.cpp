#include "values.h"

#include <nanobind/stl/string.h>

#include <string_view>

#include "connectors/collect.h"
#include "data.h"
#include "errors.h"
#include "op/expression.h"
#include "times.h"

namespace klein::py {

namespace nb = nanobind;

namespace {

bool is_expression(nb::handle object) {
  const auto type = nb::borrow(reinterpret_cast<PyObject*>(Py_TYPE(object.ptr())));
  return std::string_view(Py_TYPE(object.ptr())->tp_name) == "pyarrow._compute.Expression" ||
         (nb::cast<std::string>(nb::str(type.attr("__module__"))) == "pyarrow._compute" &&
          nb::cast<std::string>(nb::str(type.attr("__name__"))) == "Expression");
}

Value to_expression(nb::handle object) {
  const nb::object reduced = object.attr("__reduce__")();  // kept: an accessor only borrows what it indexes
  const nb::object arguments = reduced[1];
  const nb::object buffer = arguments[0];
  const auto bytes = nb::steal(PyBytes_FromObject(buffer.ptr()));
  if (!bytes.is_valid()) throw nb::python_error();
  const BytesView view(PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr())));
  return Value(Value::Handle(unwrap(Expression::deserialize(view))));
}

std::int64_t to_integer(nb::handle object, const std::string& what) {
  int overflow = 0;
  const auto number = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
  if (overflow) throw Failed(Error(Code::invalid, "'" + what + "' does not fit 64 bits"));
  return number;
}

Value to_list(nb::handle sequence, const std::string& what) {
  Value::List list;
  for (const auto entry : sequence) list.push_back(to_value(entry, what));
  return list;
}

Value to_text(nb::handle object) { return nb::cast<std::string>(object); }

/// As durations are written: "1500000us".
Value to_duration(nb::handle object) {
  std::int64_t microseconds = 0;
  if (!time_count(object.ptr(), TimeKind::timedelta, microseconds)) throw nb::python_error();
  return std::to_string(microseconds) + "us";
}

/// In ISO 8601 and UTC: "2026-01-31T12:00:00.000000Z".
Value to_instant(nb::handle object, const std::string& what) {
  if (time_kind(object.ptr()) == TimeKind::datetime)
    throw Failed(Error(Code::invalid, "'" + what + "' is a datetime without a zone; give it one: tzinfo=timezone.utc"));
  const auto utc = nb::module_::import_("datetime").attr("timezone").attr("utc");
  return to_text(object.attr("astimezone")(utc).attr("strftime")("%Y-%m-%dT%H:%M:%S.%fZ"));
}

/// What is not one of Python's own types: a path, a time, a duration, numpy's, ours, pyarrow's.
Value to_other(nb::handle object, const std::string& what) {
  if (nb::isinstance<Held>(object)) return nb::cast<Held&>(object).object;
  if (nb::isinstance<SharedTable>(object)) return Value::Handle(nb::cast<SharedTable&>(object).table);
  if (nb::isinstance<SharedCollector>(object)) return Value::Handle(nb::cast<SharedCollector&>(object).collector);
  if (is_expression(object)) return to_expression(object);
  const auto kind = time_kind(object.ptr());
  if (kind == TimeKind::timedelta) return to_duration(object);
  if (kind == TimeKind::datetime || kind == TimeKind::datetime_utc) return to_instant(object, what);
  if (nb::hasattr(object, "__fspath__")) return to_text(object.attr("__fspath__")());
  if (nb::hasattr(object, "tolist")) return to_value(object.attr("tolist")(), what);
  if (PyCallable_Check(object.ptr())) {
    throw Failed(Error(Code::invalid, "'" + what +
                                          "' can't be a function; a column is computed by an expression such as "
                                          "klein.col(\"price\") * 2, or by a function of each row with .map()"));
  }
  const std::string type = Py_TYPE(object.ptr())->tp_name;
  throw Failed(Error(Code::invalid, "'" + what + "' can't be of type " + type));
}

}  // namespace

Value to_value(nb::handle object, const std::string& what) {
  if (object.is_none()) return {};
  if (PyBool_Check(object.ptr())) return object.ptr() == Py_True;
  if (PyLong_Check(object.ptr())) return to_integer(object, what);
  if (PyFloat_Check(object.ptr())) return PyFloat_AS_DOUBLE(object.ptr());
  if (PyUnicode_Check(object.ptr())) return to_text(object);
  if (PyDict_Check(object.ptr())) return to_map(nb::borrow<nb::dict>(object));
  if (PyList_Check(object.ptr()) || PyTuple_Check(object.ptr())) return to_list(object, what);
  return to_other(object, what);
}

Value::Map to_map(const nb::dict& entries) {
  Value::Map map;
  for (const auto [key, value] : entries) {
    auto name = nb::cast<std::string>(nb::str(key));
    auto converted = to_value(value, name);
    map.emplace_back(std::move(name), std::move(converted));
  }
  return map;
}

nb::object to_object(const Value& value) {
  if (const auto* truth = value.get<bool>()) return nb::bool_(*truth);
  if (const auto* integer = value.get<std::int64_t>()) return nb::int_(*integer);
  if (const auto* number = value.get<double>()) return nb::float_(*number);
  if (const auto* text = value.get<std::string>()) return nb::str(text->data(), text->size());
  if (const auto* handle = value.get<Value::Handle>()) return nb::cast(Held{*handle});
  if (const auto* list = value.get<Value::List>()) {
    nb::list all;
    for (const auto& entry : *list) all.append(to_object(entry));
    return all;
  }
  if (const auto* map = value.get<Value::Map>()) {
    nb::dict all;
    for (const auto& [key, entry] : *map) all[nb::str(key.data(), key.size())] = to_object(entry);
    return all;
  }
  return nb::none();
}

void bind_values(nb::module_& m) {
  nb::class_<Held>(m, "Object", "Something that a plan holds by reference: a function, an expression.")
      .def("__repr__", [](const Held& held) { return held.object->text(); });
}

}  // namespace klein::py
