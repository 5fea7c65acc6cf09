// The whole surface of `pyklein._core`; each bind_* is in the file of its name.

#include "bind.h"
#include "errors.h"
#include "values.h"

NB_MODULE(_core, m) {
  m.doc() = "Klein's engine. Private: what programs use is `pyklein`.";
  nanobind::set_leak_warnings(std::getenv("KLEIN_LEAKS") != nullptr);
  klein::py::bind_errors(m);  // first: all below may raise
  klein::py::bind_values(m);
  klein::py::bind_kinds(m);
  klein::py::bind_data(m);
  klein::py::bind_collect(m);
  klein::py::bind_functions(m);
  klein::py::bind_keyed_functions(m);
  klein::py::bind_keyed_held(m);
  klein::py::bind_workers(m);
  klein::py::bind_aggregates(m);
  klein::py::bind_flow(m);
  klein::py::bind_job(m);
  klein::py::bind_simulation(m);
}
