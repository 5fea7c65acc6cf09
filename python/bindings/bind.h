#pragma once
// The parts of the module, an area a file.

#include <nanobind/nanobind.h>

#include "runtime/job.h"

namespace klein::py {

void bind_kinds(nanobind::module_& m);
void bind_data(nanobind::module_& m);
void bind_collect(nanobind::module_& m);
void bind_functions(nanobind::module_& m);
void bind_keyed_functions(nanobind::module_& m);
void bind_keyed_held(nanobind::module_& m);
void bind_workers(nanobind::module_& m);
void bind_aggregates(nanobind::module_& m);
void bind_flow(nanobind::module_& m);
void bind_job(nanobind::module_& m);
void bind_simulation(nanobind::module_& m);

/// How a flow runs, from Python's arguments: cores, memory, mode and seed.
RunOptions to_options(const nanobind::dict& given);

}  // namespace klein::py
