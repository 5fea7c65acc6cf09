// A job in Python's hands. Nothing waits with the GIL held, and none outlives the interpreter.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cstdlib>

#include "api/klein.h"
#include "base/mutex.h"
#include "bind.h"
#include "errors.h"
#include "running.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <typename T>
std::optional<T> optional_of(const nb::dict& given, const char* key) {
  if (!given.contains(key) || given[key].is_none()) return std::nullopt;
  return nb::cast<T>(given[key]);
}

/// `otherwise`, with what is given.
SnapshotPace pace_of(const nb::dict& given, SnapshotPace otherwise) {
  return {.interval = optional_of<std::int64_t>(given, "interval").value_or(otherwise.interval),
          .timeout = optional_of<std::int64_t>(given, "timeout").value_or(otherwise.timeout),
          .retention = optional_of<int>(given, "retention").value_or(otherwise.retention)};
}

std::unique_ptr<SharedJob> start_job(const std::vector<Flow>& flows, const nb::dict& options) {
  const auto chosen = to_options(options);
  // The thread that imports `threading` first is the one that it takes for the main thread and waits for at exit: were
  // that a thread of the job, because the user's code imports it, the program would never end.
  nb::module_::import_("threading");
  Running::all().sweep();
  auto started = [&] {
    const nb::gil_scoped_release unlocked;
    return start(flows, chosen);
  }();
  return std::make_unique<SharedJob>(unwrap(std::move(started)));
}

bool wait_for(const SharedJob& shared, int milliseconds) {
  const auto ended = [&] {
    const nb::gil_scoped_release unlocked;
    return shared.job->wait_for(std::chrono::milliseconds(milliseconds));
  }();
  if (PyErr_CheckSignals() < 0) throw nb::python_error();
  return ended;
}

nb::tuple wait(const SharedJob& shared) {
  auto ended = [&] {
    const nb::gil_scoped_release unlocked;
    return shared.job->wait();
  }();
  const auto report = unwrap(std::move(ended));
  return nb::make_tuple(to_object(to_value(report)), to_text(report));
}

void set_pace(const SharedJob& shared, const nb::dict& given) {
  const auto snapshots = shared.job->status().snapshots;
  unwrap(shared.job->set_pace(pace_of(given, snapshots ? snapshots->pace : SnapshotPace())));
}

nb::object status(const SharedJob& shared) {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto status = shared.job->status();
  return to_object(to_value(status, std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count()));
}

void stop(const SharedJob& shared, bool drain) {
  const nb::gil_scoped_release unlocked;
  shared.job->stop(drain ? Stop::drain : Stop::now);
}

/// At the program's end: no thread may need the interpreter after it. Ctrl-C gives up what does not stop.
void stop_all() {
  auto jobs = Running::all().jobs;
  for (const auto& job : Running::all().left) jobs.insert(job.get());
  for (auto* job : jobs) job->stop(Stop::now);
  for (auto* job : jobs) {
    for (bool ended = false; !ended;) {
      {
        const nb::gil_scoped_release unlocked;
        ended = job->wait_for(std::chrono::milliseconds(100));
      }
      if (PyErr_CheckSignals() < 0) std::_Exit(130);
    }
  }
}

}  // namespace

RunOptions to_options(const nb::dict& given) {
  RunOptions options;
  options.cores = optional_of<int>(given, "cores").value_or(0);
  options.memory = optional_of<std::int64_t>(given, "memory").value_or(options.memory);
  options.state_memory = optional_of<std::int64_t>(given, "state_memory");
  options.seed = optional_of<std::uint64_t>(given, "seed");
  options.checkpoint = optional_of<std::string>(given, "checkpoint").value_or("");
  options.pace = pace_of(given, options.pace);
  options.restart = optional_of<bool>(given, "restart").value_or(false);
  if (const auto mode = optional_of<std::string>(given, "mode")) {
    if (*mode != "batch" && *mode != "stream") {
      throw Failed(Error(Code::invalid, "mode is \"batch\" or \"stream\", not \"" + *mode + "\""));
    }
    options.mode = *mode == "batch" ? Mode::batch : Mode::stream;
  }
  return options;
}

void bind_job(nb::module_& m) {
  nb::class_<SharedJob>(m, "Job", "A plan that runs in this process.")
      .def("wait_for", wait_for, "milliseconds"_a, "True once it has ended. Signals are looked at after the wait.")
      .def("wait", wait, nb::sig("def wait(self) -> tuple[dict[str, typing.Any], str]"),
           "Waits until it has ended; its report, as values and as text.")
      .def("stop", stop, "drain"_a = true, "Ends it: what was read is finished, or not.")
      .def(
          "snapshot", [](const SharedJob& shared) { unwrap(shared.job->snapshot()); }, "Takes a snapshot soon.")
      .def("set_pace", set_pace, "changes"_a, nb::sig("def set_pace(self, changes: dict[str, typing.Any]) -> None"),
           "Changes when snapshots are taken and how many are kept.")
      .def("status", status, nb::sig("def status(self) -> dict[str, typing.Any]"), "How it is now.")
      .def(
          "stats", [](const SharedJob& shared) { return to_object(to_value(shared.job->stats())); },
          nb::sig("def stats(self) -> dict[str, typing.Any]"), "How far it is.");
  m.def("start", start_job, "flows"_a, "options"_a,
        nb::sig("def start(flows: list[Flow], options: dict[str, typing.Any]) -> Job"),
        "Runs one plan of these sinks.");
  m.def("available_cores", available_cores, "Cores that this process may use.");
  nb::module_::import_("atexit").attr("register")(nb::cpp_function(stop_all));
}

}  // namespace klein::py
