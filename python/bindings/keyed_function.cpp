// Functions by key: what remembers, rings and calls the user's code is Python's (`pyklein/_process.py`).

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "bind.h"
#include "data.h"
#include "errors.h"
#include "keyed_instance.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

class PythonKeyedFunction final : public KeyedFunction {
 public:
  PythonKeyedFunction(Reference recipe, std::string name, std::optional<Schema> schema)
      : recipe_(std::move(recipe)), name_(std::move(name)), schema_(std::move(schema)) {}
  std::string text() const override { return name_; }
  std::optional<Schema> output_schema() const override { return schema_; }
  Result<std::unique_ptr<KeyedInstance>> instance() const override {
    const Entered gil;
    auto object = Reference::take(PyObject_CallNoArgs(recipe_.get()));
    if (!object) return caught().while_doing("making " + name_);
    return std::make_unique<PythonInstance>(std::move(object), schema_);
  }

 private:
  const Reference recipe_;
  const std::string name_;
  const std::optional<Schema> schema_;
};

Held keyed_function(nb::object recipe, std::string name, nb::object schema) {
  std::optional<Schema> declared;
  if (!schema.is_none()) declared = import_schema(schema);
  return {std::make_shared<PythonKeyedFunction>(Reference::share(recipe.ptr()), std::move(name), std::move(declared))};
}

}  // namespace

void bind_keyed_functions(nb::module_& m) {
  nb::class_<SharedMetrics>(m, "UserMetrics", "What the code of a task counts, by name.")
      .def("count",
           [](SharedMetrics& to, const std::string& name, std::int64_t by) { unwrap(to.metrics->count(name, by)); })
      .def(
          "set", [](SharedMetrics& to, const std::string& name, double value) { unwrap(to.metrics->set(name, value)); })
      .def("observe",
           [](SharedMetrics& to, const std::string& name, double value) { unwrap(to.metrics->observe(name, value)); });
  m.def("keyed_function", keyed_function, "recipe"_a, "name"_a, "schema"_a.none() = nb::none(),
        "A function by key: `recipe()` makes, once a task, what takes rows and rings timers (pyklein/_process.py).");
}

}  // namespace klein::py
