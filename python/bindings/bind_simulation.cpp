// Simulations of a program's flows.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "api/flow.h"
#include "bind.h"
#include "errors.h"
#include "simulation/simulation.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;
using simulation::Simulation;

namespace {

simulation::Faults to_faults(const std::vector<std::string>& names) {
  auto faults = simulation::Faults::none();
  for (const auto& name : names) {
    if (name == "kill") faults.kill = true;
    if (name == "store") faults.store = true;
    if (name == "slow") faults.slow = true;
    if (name == "clock") faults.clock = true;
  }
  return faults;
}

Simulation make(const std::vector<Flow>& flows, std::int64_t rows, const std::vector<std::string>& faults,
                const nb::dict& options) {
  const auto given = to_options(options);
  const simulation::Settings settings{
      .rows = rows, .mode = given.mode, .faults = to_faults(faults), .state_memory = given.state_memory};
  auto made = [&] {
    const nb::gil_scoped_release unlocked;
    auto plan = plan_of(flows);
    return plan.ok() ? Simulation::make(*std::move(plan), settings, registry()) : std::move(plan).error();
  }();
  return unwrap(std::move(made));
}

nb::object run(const Simulation& simulation, std::uint64_t seed) {
  const auto outcome = [&] {
    const nb::gil_scoped_release unlocked;
    return simulation.run(seed);
  }();
  if (PyErr_CheckSignals() < 0) throw nb::python_error();
  return to_object(to_value(outcome));
}

/// How many rows each sink shows undisturbed.
nb::dict expected(const Simulation& simulation) {
  nb::dict all;
  for (const auto& [sink, rows] : simulation.expected()) {
    std::int64_t count = 0;
    for (const auto& [row, times] : rows) count += times;
    all[sink.c_str()] = count;
  }
  return all;
}

}  // namespace

void bind_simulation(nb::module_& m) {
  nb::class_<Simulation>(m, "Simulation", "Flows that run under faults, and what they show undisturbed.")
      .def("run", run, "seed"_a, nb::sig("def run(self, seed: int) -> dict[str, typing.Any]"),
           "One seed's outcome, as values.")
      .def_prop_ro("expected", expected, nb::sig("def expected(self) -> dict[str, int]"))
      .def_prop_ro("cut", &Simulation::cut);
  m.def("simulation", make, "flows"_a, "rows"_a, "faults"_a, "options"_a,
        nb::sig("def simulation(flows: list[Flow], rows: int, faults: list[str], options: dict[str, typing.Any]) -> "
                "Simulation"),
        "Runs them undisturbed; what was learned.");
}

}  // namespace klein::py
