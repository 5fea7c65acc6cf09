// Functions that run in worker processes, and the worker's side of it.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.h"
#include "data.h"
#include "errors.h"
#include "interpreter.h"
#include "network/worker_function.h"
#include "network/worker_loop.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

Launch to_launch(const nb::dict& given) {
  Launch launch;
  const auto number = [&](const char* name) { return nb::cast<std::int64_t>(given[name]); };
  launch.command = nb::cast<std::vector<std::string>>(given["command"]);
  launch.environment = nb::cast<std::vector<std::string>>(given["environment"]);
  launch.folder = nb::cast<std::string>(given["folder"]);
  launch.timeout = number("timeout");
  launch.start_timeout = number("start_timeout");
  launch.max_calls = number("max_calls");
  launch.lifetime = number("lifetime");
  launch.memory = number("memory");
  return launch;
}

/// `revive(bytes)` gives the exception that a worker stored, or None.
ReviveCause to_revive(nb::handle revive) {
  return [revive = Reference::share(revive.ptr())](const std::string& bytes) -> std::shared_ptr<void> {
    const Entered gil;
    const auto made = guarded([&] { return nb::handle(revive.get())(nb::bytes(bytes.data(), bytes.size())); });
    if (!made.ok() || made->is_none()) return nullptr;
    return {Py_NewRef(made->ptr()), [](void* object) { Reference::take(static_cast<PyObject*>(object)); }};
  };
}

Held worker_function(nb::bytes stored, std::string name, nb::object schema, std::int64_t batch_rows, bool by_row,
                     const nb::dict& launch, nb::object revive) {
  WorkerFunction::Parts parts{
      .stored = {std::string(stored.c_str(), stored.size())},
      .name = std::move(name),
      .schema = std::nullopt,
      .batch_rows = batch_rows,
      .by_row = by_row,
      .launch = to_launch(launch),
      .revive = to_revive(revive)};
  if (!schema.is_none()) parts.schema = import_schema(schema);
  return {std::make_shared<WorkerFunction>(std::move(parts))};
}

/// The stored functions as one, ready to be called.
Result<std::unique_ptr<FunctionInstance>> loaded(const Reference& load, const std::string& bytes) {
  std::shared_ptr<const Function> all;
  {
    const Entered gil;
    for (const auto& stored : stored_functions(bytes)) {
      const auto held = KLEIN_TRY(
          guarded([&] { return nb::cast<Held>(nb::handle(load.get())(nb::bytes(stored.data(), stored.size()))); }));
      const auto next = std::dynamic_pointer_cast<const Function>(held.object);
      if (!next) return Error(Code::internal, "what a worker was sent is no function");
      all = all ? all->fuse(*next) : next;
      if (!all) return Error(Code::internal, "functions that share a worker can't be joined");
    }
  }
  return all->instance();
}

std::string stored_cause(const Reference& store, const Error& error) {
  if (!error.cause()) return "";
  const Entered gil;
  const auto stored = guarded([&] {
    return nb::cast<nb::bytes>(nb::handle(store.get())(nb::handle(static_cast<PyObject*>(error.cause().get()))));
  });
  return stored.ok() ? std::string(stored->c_str(), stored->size()) : "";
}

void serve(const nb::object& load, const nb::object& store) {
  const auto loads = Reference::share(load.ptr()), stores = Reference::share(store.ptr());
  const WorkerLanguage language{
      .load = [&](const std::string& bytes) { return loaded(loads, bytes); },
      .store_cause = [&](const Error& error) { return stored_cause(stores, error); },
  };
  const nb::gil_scoped_release unlocked;
  unwrap(serve_calls(WorkerProcess::memory_descriptor, WorkerProcess::bell_descriptor, language));
}

}  // namespace

void bind_workers(nb::module_& m) {
  m.def("worker_function", worker_function, "stored"_a, "name"_a, "schema"_a.none(), "batch_rows"_a, "by_row"_a,
        "launch"_a, "revive"_a,
        nb::sig("def worker_function(stored: bytes, name: str, schema: object | None, batch_rows: int, by_row: bool, "
                "launch: dict[str, typing.Any], revive: object) -> Object"),
        "A function that worker processes load from `stored`; `launch` says how they are started, and "
        "`revive(bytes)` makes the exceptions that they stored.");
  m.def("serve_calls", serve, "load"_a, "store"_a,
        "In a worker process: call functions until told to stop. `load(bytes)` makes a function, `store(exception)` "
        "gives bytes.");
}

}  // namespace klein::py
