#include "user_accumulator.h"

#include <arrow/array/array_nested.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "errors.h"
#include "rows_read.h"
#include "rows_write.h"

namespace klein::py {

namespace nb = nanobind;

namespace {

template <typename Number>
nb::list list_of(const std::vector<Number>& numbers) {
  nb::list all;
  for (const auto number : numbers) all.append(number);
  return all;
}

/// The rows as dicts.
Result<nb::list> dicts_of(const Batch& batch, const std::vector<std::int64_t>& rows) {
  RowReader reader;
  KLEIN_TRY(reader.open(batch));
  nb::list all;
  for (const auto row : rows) {
    const auto dict = nb::steal(reader.row(row));
    if (!dict.is_valid()) return caught();
    all.append(dict);
  }
  return all;
}

}  // namespace

Schema UserAggregate::result_of(const Schema& input) const {
  if (result) return *result;
  arrow::FieldVector fields;
  for (const auto& field : input.arrow()->fields()) {
    if (std::find(keys.begin(), keys.end(), field->name()) == keys.end()) fields.push_back(field);
  }
  return Schema(arrow::schema(std::move(fields)));
}

UserAccumulator::UserAccumulator(Reference object, UserAggregate aggregate, const Schema& input)
    : object_(std::move(object)),
      aggregate_(std::move(aggregate)),
      state_(aggregate_.state_of(input)),
      result_(aggregate_.result_of(input)) {}

/// A list a column; of a function of rows, one of rows.
Result<nb::list> UserAccumulator::values_of(const Batch& batch, const std::vector<std::int64_t>& rows) const {
  nb::list all;
  if (!aggregate_.state) {
    all.append(KLEIN_TRY(dicts_of(batch, rows)));
    return all;
  }
  for (const auto& name : aggregate_.columns) {
    const auto column = batch.columns()->column(KLEIN_TRY(batch.schema().index(name)));
    const auto cells = KLEIN_TRY(cells_of(column, name));
    nb::list values;
    for (const auto row : rows) {
      const auto value = nb::steal(cells->get(row));
      if (!value.is_valid()) return caught();
      values.append(value);
    }
    all.append(values);
  }
  return all;
}

Result<> UserAccumulator::add(const Batch& batch, const Assigned& assigned) {
  const Entered gil;
  const auto values = KLEIN_TRY(values_of(batch, assigned.rows));
  const nb::handle object(object_.get());
  auto added = guarded([&] { return object.attr("add")(list_of(assigned.groups), *values), 0; });
  if (added.ok()) return {};
  const auto place = KLEIN_TRY(guarded([&] { return nb::cast<std::size_t>(object.attr("place")); }));
  if (place >= assigned.rows.size()) return std::move(added).error();
  return std::move(added).error().at_row(batch.row_id(assigned.rows[place]));
}

/// Rows of a schema, a dict a group, that a method gives.
Result<std::shared_ptr<arrow::RecordBatch>> UserAccumulator::ask(
    const char* method, const std::vector<std::uint32_t>& groups, const Schema& schema) const {
  const auto rows =
      KLEIN_TRY(guarded([&] { return nb::cast<nb::list>(nb::handle(object_.get()).attr(method)(list_of(groups))); }));
  Fields fields;
  fields.expect(schema.arrow()->fields());
  for (const nb::handle row : rows) {
    if (!fields.append(row.ptr()))
      return Error(Code::invalid, "what it gave is not of the columns (" + schema.text() + "): " + fields.problem());
  }
  return to_record_batch(fields, &schema, nullptr);
}

Result<std::shared_ptr<arrow::Array>> UserAccumulator::results(const std::vector<std::uint32_t>& groups) const {
  const Entered gil;
  const auto rows = KLEIN_TRY(ask("results", groups, result_));
  if (aggregate_.state) return rows->column(0);
  const auto all = KLEIN_ARROW(arrow::StructArray::Make(rows->columns(), rows->schema()->fields()));
  return all;
}

Result<SavedColumns> UserAccumulator::save(const std::vector<std::uint32_t>& groups) const {
  const Entered gil;
  return KLEIN_TRY(ask("states", groups, state_))->columns();
}

Result<> UserAccumulator::load(const SavedColumns& saved, const std::vector<std::uint32_t>& groups) {
  const Entered gil;
  const auto count = static_cast<std::int64_t>(groups.size());
  std::vector<std::int64_t> all;
  for (std::int64_t row = 0; row < count; ++row) all.push_back(row);
  const auto rows = KLEIN_TRY(dicts_of(Batch(arrow::RecordBatch::Make(state_.arrow(), count, saved)), all));
  KLEIN_TRY(guarded([&] { return nb::handle(object_.get()).attr("load")(list_of(groups), rows), 0; }));
  return {};
}

void UserAccumulator::clear(const std::vector<std::uint32_t>& groups) {
  const Entered gil;
  KLEIN_ASSERT(guarded([&] { return nb::handle(object_.get()).attr("clear")(list_of(groups)), 0; }).ok());
}

}  // namespace klein::py
