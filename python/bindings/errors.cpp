#include "errors.h"

#include <nanobind/stl/string.h>

#include "interpreter.h"

namespace klein::py {

namespace nb = nanobind;

namespace {

std::string message_of(nb::handle exception) {
  const auto words = nb::steal(PyObject_Str(exception.ptr()));
  if (!words.is_valid()) PyErr_Clear();
  const std::string text = words.is_valid() ? nb::cast<std::string>(words) : "";
  const std::string type = Py_TYPE(exception.ptr())->tp_name;
  return text.empty() ? type : type + ": " + text;
}

nb::object fetched() {
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return nb::steal(value);
}

std::string place_of(const Error& error) {
  const auto step = error.step().empty() ? "" : "step '" + error.step() + "'";
  const auto row = error.row().empty() ? "" : "row " + error.row();
  return step + (step.empty() || row.empty() ? "" : ", ") + row;
}

bool has_place(nb::handle exception) {
  if (!nb::hasattr(exception, "__notes__")) return false;
  for (const auto note : exception.attr("__notes__")) {
    if (nb::isinstance<nb::str>(note) && nb::cast<bool>(note.attr("startswith")("raised in "))) return true;
  }
  return false;
}

/// Names of files in it may be any bytes.
nb::object shown(const std::string& text) {
  return nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
}

/// The user's own exception again, with a note of where it was raised.
void raise_cause(const Error& error) {
  const auto exception = nb::borrow(static_cast<PyObject*>(error.cause().get()));
  const auto place = place_of(error);
  if (!place.empty() && !has_place(exception)) exception.attr("add_note")(shown("raised in " + place));
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

void raise(const Error& error) {
  if (error.cause()) return raise_cause(error);
  const auto errors = nb::module_::import_("pyklein.errors");
  const auto exception = errors.attr("of_code")(std::string(to_string(error.code())), shown(error.text()),
                                                shown(error.message()), shown(error.step()), shown(error.row()));
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Failed& failed) {
    try {
      raise(failed.error);
    } catch (nb::python_error& other) {
      other.restore();
    }
  }
}

}  // namespace

Error caught() {
  auto exception = fetched();
  auto message = message_of(exception);
  const std::shared_ptr<void> cause(exception.release().ptr(), [](void* object) {
    Reference::take(static_cast<PyObject*>(object));  // ends at once, with the GIL
  });
  return Error(Code::user, std::move(message)).because(cause);
}

void bind_errors(nb::module_&) { nb::register_exception_translator(translate); }

}  // namespace klein::py
