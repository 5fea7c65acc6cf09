// Arrow's C structures in and out of Python capsules.

#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "data.h"
#include "errors.h"

namespace klein::py {

namespace nb = nanobind;

namespace {

template <typename T>
T arrow_value(arrow::Result<T> result) {
  if (!result.ok()) throw Failed(to_error(result.status()));
  return std::move(result).ValueUnsafe();
}

void arrow_ok(const arrow::Status& status) {
  if (!status.ok()) throw Failed(to_error(status));
}

template <typename T>
T& content(nb::handle capsule, const char* name) {
  auto* held = static_cast<T*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (!held) throw nb::python_error();
  return *held;
}

template <typename T>
void end(PyObject* capsule) {
  auto* held = static_cast<T*>(PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)));
  if (held->release) held->release(held);
  delete held;
}

/// An empty structure in a capsule that releases what will be in it.
template <typename T>
std::pair<nb::object, T*> capsule(const char* name) {
  auto* held = new T{};
  auto made = nb::steal(PyCapsule_New(held, name, end<T>));
  if (!made.is_valid()) throw nb::python_error();
  return {std::move(made), held};
}

Error not_arrow(nb::handle object) {
  return Error(Code::invalid,
               "Arrow data is wanted (a table, a record batch, or whatever has __arrow_c_stream__ or "
               "__arrow_c_array__), not " +
                   std::string(Py_TYPE(object.ptr())->tp_name));
}

std::shared_ptr<const Table> import_stream(nb::handle object) {
  const nb::object capsule = object.attr("__arrow_c_stream__")();
  const auto reader =
      arrow_value(arrow::ImportRecordBatchReader(&content<ArrowArrayStream>(capsule, "arrow_array_stream")));
  std::vector<Batch> batches;
  const nb::gil_scoped_release unlocked;
  while (const auto batch = arrow_value(reader->Next())) {
    if (batch->num_rows() > 0) batches.emplace_back(batch);
  }
  return std::make_shared<Table>(Schema(reader->schema()), std::move(batches));
}

std::shared_ptr<const Table> import_array(nb::handle object) {
  const nb::object pair = object.attr("__arrow_c_array__")();
  auto batch = arrow_value(arrow::ImportRecordBatch(
      &content<ArrowArray>(pair[1], "arrow_array"), &content<ArrowSchema>(pair[0], "arrow_schema")));
  const Schema schema(batch->schema());
  std::vector<Batch> batches;
  if (batch->num_rows() > 0) batches.emplace_back(std::move(batch));
  return std::make_shared<Table>(schema, std::move(batches));
}

}  // namespace

std::shared_ptr<const Table> import_table(nb::handle object) {
  if (nb::isinstance<SharedTable>(object)) return nb::cast<SharedTable&>(object).table;
  if (nb::hasattr(object, "__arrow_c_array__")) return import_array(object);
  if (nb::hasattr(object, "__arrow_c_stream__")) return import_stream(object);
  throw Failed(not_arrow(object));
}

Schema import_schema(nb::handle object) {
  if (!nb::hasattr(object, "__arrow_c_schema__")) {
    throw Failed(Error(Code::invalid, "an Arrow schema is wanted, not " + std::string(Py_TYPE(object.ptr())->tp_name)));
  }
  const nb::object capsule = object.attr("__arrow_c_schema__")();
  return Schema(arrow_value(arrow::ImportSchema(&content<ArrowSchema>(capsule, "arrow_schema"))));
}

nb::object export_schema(const Schema& schema) {
  auto [made, held] = capsule<ArrowSchema>("arrow_schema");
  arrow_ok(arrow::ExportSchema(*schema.arrow(), held));
  return made;
}

nb::object export_stream(const Table& table) {
  arrow::RecordBatchVector batches;
  for (const auto& batch : table.batches()) batches.push_back(batch.columns());
  auto reader = arrow_value(arrow::RecordBatchReader::Make(std::move(batches), table.schema().arrow()));
  auto [made, held] = capsule<ArrowArrayStream>("arrow_array_stream");
  arrow_ok(arrow::ExportRecordBatchReader(std::move(reader), held));
  return made;
}

nb::tuple export_batch(const Batch& batch) {
  auto [schema, held_schema] = capsule<ArrowSchema>("arrow_schema");
  auto [array, held_array] = capsule<ArrowArray>("arrow_array");
  arrow_ok(arrow::ExportRecordBatch(*batch.columns(), held_array, held_schema));
  return nb::make_tuple(schema, array);
}

}  // namespace klein::py
