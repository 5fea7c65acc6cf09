#pragma once
// Rows across the boundary: the PyCapsule interface of Arrow, both ways, without a copy.

#include <nanobind/nanobind.h>

#include "connectors/collect.h"
#include "connectors/memory.h"

namespace klein::py {

struct SharedTable {
  std::shared_ptr<const Table> table;
};

struct SharedCollector {
  std::shared_ptr<Collector> collector;
};

/// From anything with `__arrow_c_stream__` or `__arrow_c_array__`. Throws Failed for everything else, and where it
/// fails.
std::shared_ptr<const Table> import_table(nanobind::handle object);
/// From anything with `__arrow_c_schema__`.
Schema import_schema(nanobind::handle object);

// Capsules that own what they hold.
nanobind::object export_schema(const Schema& schema);
nanobind::object export_stream(const Table& table);
nanobind::tuple export_batch(const Batch& batch);

}  // namespace klein::py
