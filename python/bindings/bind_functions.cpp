// The user's functions on their way into a plan.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "bind.h"
#include "data.h"
#include "errors.h"
#include "functions.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

Reference optional_reference(nb::handle object) {
  return object.is_none() ? Reference() : Reference::share(object.ptr());
}

Settings to_settings(nb::handle schema, std::int64_t batch_rows) {
  Settings settings{.schema = std::nullopt, .batch_rows = batch_rows};
  if (!schema.is_none()) settings.schema = import_schema(schema);
  return settings;
}

Held row_function(nb::object callable, const std::string& mode, std::string name, nb::object args, nb::object kwargs,
                  nb::object make_args, nb::object make_kwargs, nb::object schema, std::int64_t batch_rows) {
  Stage stage{
      .mode = mode == "map"      ? RowMode::map
              : mode == "filter" ? RowMode::filter
                                 : RowMode::flat_map,
      .callable = Reference::share(callable.ptr()),
      .make_args = optional_reference(make_args),
      .make_kwargs = optional_reference(make_kwargs),
      .args = optional_reference(args),
      .kwargs = optional_reference(kwargs),
      .name = std::move(name)};
  return {make_row_function(std::move(stage), to_settings(schema, batch_rows))};
}

Held batch_function(nb::object recipe, std::string name, nb::object schema, std::int64_t batch_rows) {
  return {make_batch_function(Reference::share(recipe.ptr()), std::move(name), to_settings(schema, batch_rows))};
}

}  // namespace

void bind_functions(nb::module_& m) {
  m.def(
      "row_function", row_function, "callable"_a, "mode"_a, "name"_a, "args"_a.none() = nb::none(),
      "kwargs"_a.none() = nb::none(), "make_args"_a.none() = nb::none(), "make_kwargs"_a.none() = nb::none(),
      "schema"_a.none() = nb::none(), "batch_rows"_a = 0,
      "A function of rows: mode \"map\", \"filter\" or \"flat_map\". With make_args, `callable` is made once a task.");
  m.def("batch_function", batch_function, "recipe"_a, "name"_a, "schema"_a.none() = nb::none(), "batch_rows"_a = 0,
        "A function of batches: `recipe()` makes, once a task, what is called with a Batch and gives a list of Arrow "
        "data.");
}

}  // namespace klein::py
