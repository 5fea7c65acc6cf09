// Where a job's rows come back to the program.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>

#include <chrono>

#include "bind.h"
#include "data.h"
#include "errors.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

/// True once `next` answers at once. Signals are looked at by the caller between two waits.
bool wait(const SharedCollector& shared, int milliseconds) {
  const nb::gil_scoped_release unlocked;
  return shared.collector->wait_for(std::chrono::milliseconds(milliseconds));
}

SharedTable all(const SharedCollector& shared, const Schema* schema) {
  auto batches = shared.collector->all();
  auto made = !batches.empty() ? batches.front().schema() : schema ? *schema : Schema();
  for (const auto& batch : batches) {
    auto both = unified(made, batch.schema());
    if (!both) {
      throw Failed(Error(Code::invalid, "the rows have different columns: " + made.text() + "; and " +
                                            batch.schema().text() + "; declare a schema where they are made"));
    }
    made = *std::move(both);
  }
  for (auto& batch : batches) batch = unwrap(conform(batch, made));
  return {std::make_shared<Table>(made, std::move(batches))};
}

}  // namespace

void bind_collect(nb::module_& m) {
  nb::class_<SharedCollector>(m, "Collector", "Takes the rows of the sink `collect`.")
      .def(
          "__init__",
          [](SharedCollector* self, std::size_t capacity) {
            new (self) SharedCollector{std::make_shared<Collector>(capacity)};
          },
          "capacity"_a = 0)
      .def("wait_for", wait, "milliseconds"_a, "True once `next` answers at once.")
      .def(
          "next", [](const SharedCollector& shared) { return shared.collector->next(); },
          nb::call_guard<nb::gil_scoped_release>(), "The next batch; None: the job ended.")
      .def("all", all, "schema"_a.none() = nb::none(),
           "What is not taken yet, in the order of the source; after the job has ended. `schema` holds where it is "
           "none.");
}

}  // namespace klein::py
