// What functions by key remember outside Python's memory.

#include <arrow/record_batch.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "data.h"
#include "errors.h"
#include "keyed_instance.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using KeyList = nb::typed<nb::list, nb::bytes>;

struct SharedHeldRows {
  std::shared_ptr<HeldRows> rows;
};

std::vector<Bytes> bytes_of(const nb::list& keys) {
  std::vector<Bytes> all;
  all.reserve(nb::len(keys));
  for (const auto key : keys) {
    if (!PyBytes_Check(key.ptr())) throw Failed(Error(Code::internal, "a key is bytes"));
    all.emplace_back(PyBytes_AS_STRING(key.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(key.ptr())));
  }
  return all;
}

Result<std::shared_ptr<arrow::RecordBatch>> empty(const Schema& schema) {
  return KLEIN_ARROW(arrow::RecordBatch::MakeEmpty(schema.arrow()));
}

Batch single(nb::handle rows) {
  const auto table = import_table(rows);
  if (table->batches().empty()) return Batch(unwrap(empty(table->schema())));
  return unwrap(concatenate(table->batches()));
}

Batch read(const SharedHeldRows& held, const KeyList& keys) {
  const auto all = bytes_of(keys);
  const nb::gil_scoped_release unlocked;
  return unwrap(held.rows->read(all));
}

void write(const SharedHeldRows& held, const KeyList& keys, nb::handle rows) {
  const auto all = bytes_of(keys);
  const auto batch = single(rows);
  const nb::gil_scoped_release unlocked;
  unwrap(held.rows->write(all, batch));
}

void restore(const SharedHeldRows& held, nb::handle rows, std::int64_t now) {
  const auto batch = single(rows);
  const nb::gil_scoped_release unlocked;
  unwrap(held.rows->restore(batch, now));
}

std::vector<Batch> batches_of(const SharedLateRows& late) {
  std::vector<Batch> all;
  const nb::gil_scoped_release unlocked;
  unwrap(late.rows->each([&](Batch batch) -> Result<> {
    all.push_back(std::move(batch));
    return {};
  }));
  return all;
}

}  // namespace

void bind_keyed_held(nb::module_& m) {
  nb::class_<SharedLateRows>(m, "LateRows", "Rows of a state that are read when they are stored.")
      .def("batches", batches_of, "All of them.");
  nb::class_<SharedHeldRows>(m, "HeldRows", "Rows by key outside Python's memory: `key`, values, `expiry`.")
      .def("read", read, "keys"_a, "Those of these keys that are not over.")
      .def("write", write, "keys"_a, "rows"_a, "These keys have these rows from now on, and no others.")
      .def("restore", restore, "rows"_a, "now"_a, "Adds rows of a checkpoint.")
      .def("all", [](const SharedHeldRows& held) { return SharedLateRows{unwrap(held.rows->all())}; })
      .def(
          "changes", [](const SharedHeldRows& held) { return SharedLateRows{unwrap(held.rows->changes())}; },
          "What has changed since this or `all` was asked.")
      .def(
          "changed", [](const SharedHeldRows& held) { return held.rows->changed(); }, "Of how many keys, at most.");
  nb::class_<SharedHeldState>(m, "HeldState", "Tables of rows by key outside Python's memory.")
      .def_static(
          "on_disk",
          [](const std::string& folder, std::int64_t memory) {
            return SharedHeldState{unwrap(HeldState::on_disk(folder, memory))};
          },
          "folder"_a, "memory"_a, "In RocksDB below `folder`, with about so many bytes of memory.")
      .def_static("in_memory", [] { return SharedHeldState{HeldState::in_memory()}; })
      .def(
          "at", [](const SharedHeldState& held, std::int64_t now) { held.state->at(now); }, "now"_a, "The job's clock.")
      .def(
          "add",
          [](const SharedHeldState& held, nb::handle schema, bool several) {
            const auto form = several ? HeldRows::Several::yes : HeldRows::Several::no;
            return SharedHeldRows{unwrap(held.state->add(import_schema(schema), form))};
          },
          "schema"_a, "several"_a, "A table of values of this schema, one row a key or several.")
      .def(
          "in_front", [](const SharedHeldState& held, std::int64_t bytes) { held.state->in_front(bytes); }, "bytes"_a)
      .def(
          "keys", [](const SharedHeldState& held) { return held.state->size().keys; }, "About how many it has.");
}

}  // namespace klein::py
