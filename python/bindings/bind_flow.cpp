// Flows: programs as they are written, and the views of them.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "api/klein.h"
#include "bind.h"
#include "errors.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

Flow source(const std::string& kind, const nb::dict& params, const std::string& name) {
  const auto given = to_map(params);
  const nb::gil_scoped_release unlocked;  // it may look at files
  return unwrap(Flow::source(kind, given, name));
}

Flow then(const Flow& flow, const std::string& kind, const nb::dict& params, const std::string& name,
          const std::vector<Flow>& others) {
  const auto given = to_map(params);
  const nb::gil_scoped_release unlocked;
  return unwrap(flow.then(kind, given, name, others));
}

Flow port(const Flow& flow, const std::string& name) {
  return unwrap(flow.port(name == "errors" ? Port::errors : name == "late" ? Port::late : Port::main));
}

std::string joined(const std::string& text, const std::string& title) { return title + "\n" + text + "\n"; }

std::string as_text(const Views& views, const std::string& view) {
  if (view == "logical") return to_text(views.logical);
  if (view == "optimized") return to_text(views.optimized);
  if (view == "execution") return to_text(views.execution);
  if (view == "physical") return to_text(views.physical);
  return joined(to_text(views.logical), "logical: as written") +
         joined(to_text(views.optimized), "optimized: what is made of it") +
         joined(to_text(views.execution), "execution: what runs") +
         joined(to_text(views.physical), "physical: where it runs");
}

Value as_value(const Views& views, const std::string& view) {
  if (view == "logical") return to_value(views.logical);
  if (view == "optimized") return to_value(views.optimized);
  if (view == "execution") return to_value(views.execution);
  if (view == "physical") return to_value(views.physical);
  return Value::Map{{"logical", to_value(views.logical)},
                    {"optimized", to_value(views.optimized)},
                    {"execution", to_value(views.execution)},
                    {"physical", to_value(views.physical)}};
}

std::string explained(const std::vector<Flow>& flows, const nb::dict& options, const std::string& view, bool json) {
  const auto chosen = to_options(options);
  const nb::gil_scoped_release unlocked;
  const auto views = unwrap(explain(unwrap(plan_of(flows)), chosen, registry()));
  return json ? to_json(as_value(views, view), 2) : as_text(views, view);
}

}  // namespace

void bind_flow(nb::module_& m) {
  nb::class_<Flow>(m, "Flow", "A program as it is written; each step gives a new one.")
      .def("then", then, "kind"_a, "params"_a, "name"_a = "", "others"_a = std::vector<Flow>(),
           nb::sig("def then(self, kind: str, params: dict[str, typing.Any], name: str = '', others: list[Flow] = ...) "
                   "-> Flow"),
           "This flow, and others, into a step.")
      .def("port", port, "name"_a, "The rows on another output of the last step.")
      .def_prop_ro("schema", &Flow::schema)
      .def_prop_ro("kind", &Flow::kind)
      .def_prop_ro("is_sink", &Flow::is_sink)
      .def_prop_ro("bounded", &Flow::bounded)
      .def("text", &Flow::text, "A line a step.");
  m.def("source", source, "kind"_a, "params"_a, "name"_a = "",
        nb::sig("def source(kind: str, params: dict[str, typing.Any], name: str = '') -> Flow"),
        "A flow that begins here.");
  m.def("explain", explained, "flows"_a, "options"_a, "view"_a, "json"_a,
        nb::sig("def explain(flows: list[Flow], options: dict[str, typing.Any], view: str, json: bool) -> str"),
        "The named view of one plan of these sinks, or all four.");
}

}  // namespace klein::py
