// What kinds of steps there are.

#include <arrow/util/config.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "api/flow.h"
#include "bind.h"
#include "inference/onnxruntime_library.h"
#include "inference/openvino_library.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

void bind_kinds(nb::module_& m) {
  m.attr("arrow_version") = ARROW_VERSION_STRING;
  m.def(
      "kinds", [] { return to_object(describe(registry())); },
      nb::sig("def kinds() -> dict[str, list[dict[str, typing.Any]]]"),
      "Every registered kind: its name, doc, parameters and examples.");
  m.def(
      "kinds_json", [](int indent) { return to_json(describe(registry()), indent); }, "indent"_a = 0,
      "The same as JSON.");
  m.def("set_onnxruntime_library", set_onnxruntime_library, "path"_a,
        "Where ONNX Runtime's library is, to be opened with the first model.");
  m.def("set_openvino_library", set_openvino_library, "path"_a,
        "Where OpenVINO's library is, to be opened with the first model that it runs.");
}

}  // namespace klein::py
