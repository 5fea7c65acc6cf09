// Schemas, batches and tables: what has Arrow's capsules.

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.h"
#include "data.h"
#include "errors.h"
#include "rows_read.h"
#include "rows_write.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

void add_rows(nb::list& rows, RowReader& reader, const Batch& batch) {
  unwrap(reader.open(batch));
  for (std::int64_t i = 0; i < batch.rows(); ++i) {
    auto row = nb::steal(reader.row(i));
    if (!row.is_valid()) throw nb::python_error();
    rows.append(std::move(row));
  }
}

nb::list rows_of(const std::vector<Batch>& batches) {
  nb::list rows;
  RowReader reader;
  for (const auto& batch : batches) add_rows(rows, reader, batch);
  return rows;
}

SharedTable table_from_rows(nb::handle rows, nb::handle schema) {
  Fields fields;
  std::optional<Schema> wanted;
  if (!schema.is_none()) wanted = import_schema(schema);
  if (wanted) fields.expect(wanted->arrow()->fields());
  for (const auto row : rows) {
    const std::string where = "item " + std::to_string(fields.rows()) + ": ";
    if (!PyDict_Check(row.ptr()))
      throw Failed(Error(Code::invalid, where + "a row is a dict, not " + Py_TYPE(row.ptr())->tp_name));
    if (!fields.append(row.ptr())) throw Failed(Error(Code::invalid, where + fields.problem()));
  }
  const Batch batch(unwrap(to_record_batch(fields, wanted ? &*wanted : nullptr, nullptr)));
  return {std::make_shared<Table>(batch.schema(), batch.rows() > 0 ? std::vector<Batch>{batch} : std::vector<Batch>{})};
}

nb::list batches_of(const SharedTable& shared) {
  nb::list all;
  for (const auto& batch : shared.table->batches()) all.append(nb::cast(batch));
  return all;
}

}  // namespace

void bind_data(nb::module_& m) {
  nb::class_<Schema>(m, "Schema", "Names and types of columns.")
      .def_prop_ro("names", &Schema::names)
      .def("__repr__", &Schema::text)
      .def("__arrow_c_schema__", [](const Schema& schema) { return export_schema(schema); });
  nb::class_<Batch>(m, "Batch", "Rows that travel together.")
      .def("__len__", &Batch::rows)
      .def_prop_ro("schema", &Batch::schema)
      .def(
          "rows", [](const Batch& batch) { return rows_of({batch}); },
          nb::sig("def rows(self) -> list[dict[str, typing.Any]]"), "As a list of dicts.")
      .def(
          "__arrow_c_array__", [](const Batch& batch, nb::handle) { return export_batch(batch); },
          "requested_schema"_a.none() = nb::none(),
          nb::sig("def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]"));
  nb::class_<SharedTable>(m, "Table", "Rows in memory.")
      .def("__len__", [](const SharedTable& shared) { return shared.table->rows(); })
      .def_prop_ro("schema", [](const SharedTable& shared) { return shared.table->schema(); })
      .def(
          "rows", [](const SharedTable& shared) { return rows_of(shared.table->batches()); },
          nb::sig("def rows(self) -> list[dict[str, typing.Any]]"), "As a list of dicts.")
      .def("batches", batches_of, nb::sig("def batches(self) -> list[Batch]"))
      .def(
          "__arrow_c_stream__", [](const SharedTable& shared, nb::handle) { return export_stream(*shared.table); },
          "requested_schema"_a.none() = nb::none());
  m.def(
      "table_from_arrow", [](nb::handle object) { return SharedTable{import_table(object)}; }, "data"_a,
      "From anything with __arrow_c_stream__ or __arrow_c_array__, without a copy.");
  m.def("table_from_rows", table_from_rows, "rows"_a, "schema"_a.none() = nb::none(), "From dicts.");
}

}  // namespace klein::py
