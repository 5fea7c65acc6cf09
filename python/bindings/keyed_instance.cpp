#include "keyed_instance.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nanobind/stl/string.h>

#include "data.h"
#include "errors.h"

namespace klein::py {

namespace nb = nanobind;

namespace {

/// How Python has times of the events: as they are in the rows.
int form_of(const TimeColumn* time) {
  if (!time || time->type()->id() != arrow::Type::TIMESTAMP) return 0;
  return static_cast<const arrow::TimestampType&>(*time->type()).timezone().empty() ? 1 : 2;
}

}  // namespace

Result<> PythonInstance::open(std::shared_ptr<UserMetrics> metrics, const Memory& memory) {
  const Entered gil;
  held_ = memory.held != nullptr;
  KLEIN_TRY(guarded([&] {
    const nb::object held = held_ ? nb::cast(SharedHeldState{memory.held}) : nb::none();
    nb::handle(object_.get()).attr("open")(SharedMetrics{std::move(metrics)}, held, memory.room);
    return 0;
  }));
  return {};
}

Result<std::vector<Batch>> PythonInstance::call(const Rows& rows) {
  const Entered gil;
  codec_ = rows.codec;
  KLEIN_TRY(reader_.open(rows.batch));
  KLEIN_TRY(begin(rows));
  const auto times = rows.time ? KLEIN_TRY(rows.time->read(rows.batch)) : std::vector<std::int64_t>();
  std::vector<std::int64_t> origin;
  for (std::int64_t row = 0; row < rows.batch.rows(); ++row) {
    auto passed = pass(rows.keys[static_cast<std::size_t>(row)], row, times, origin);
    if (!passed.ok()) return std::move(passed).error().at_row(rows.batch.row_id(row));
  }
  auto columns = KLEIN_TRY(finished());
  if (!columns) return std::vector<Batch>();
  return std::vector<Batch>{rows.batch.derive(std::move(columns), origin)};
}

void PythonInstance::reset() {
  fields_.clear();
  if (declared_ && !fields_.settled()) fields_.expect(declared_->arrow()->fields());
}

Result<> PythonInstance::begin(const Rows& rows) {
  reset();
  on_row_ = Reference::take(PyObject_GetAttrString(object_.get(), "row"));
  KLEIN_TRY(guarded([&] {
    nb::list names;
    for (const auto& name : codec_->names()) names.append(nb::str(name.c_str()));
    nb::handle(object_.get()).attr("begin")(rows.now, form_of(rows.time), names);
    if (!held_) return 0;
    nb::set keys;
    for (std::size_t row = 0; row < rows.keys.size(); ++row) {
      const auto key = rows.keys[row];
      keys.add(nb::bytes(key.data(), key.size()));
    }
    nb::handle(object_.get()).attr("fetch")(keys);
    return 0;
  }));
  return {};
}

Result<> PythonInstance::pass(std::string_view key, std::int64_t row, const std::vector<std::int64_t>& times,
                              std::vector<std::int64_t>& origin) {
  const auto dict = nb::steal(reader_.row(row));
  const auto bytes = nb::steal(PyBytes_FromStringAndSize(key.data(), static_cast<Py_ssize_t>(key.size())));
  const auto time =
      times.empty() ? nb::object(nb::none()) : nb::steal(PyLong_FromLongLong(times[static_cast<std::size_t>(row)]));
  if (!dict.is_valid() || !bytes.is_valid() || !time.is_valid()) return caught();
  PyObject* arguments[] = {nullptr, dict.ptr(), bytes.ptr(), time.ptr()};
  const auto emitted =
      nb::steal(PyObject_Vectorcall(on_row_.get(), arguments + 1, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
  if (!emitted.is_valid()) return caught();
  KLEIN_TRY(keep(emitted.ptr()));
  origin.resize(static_cast<std::size_t>(fields_.rows()), row);
  return {};
}

/// Rows that the user's code gave: a list of dicts, or None.
Result<> PythonInstance::keep(PyObject* rows) {
  if (rows == Py_None) return {};
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); ++i) {
    auto* row = PyList_GET_ITEM(rows, i);
    if (!PyDict_Check(row))
      return Error(Code::invalid, std::string("it gave ") + Py_TYPE(row)->tp_name + " as a row; a row is a dict");
    if (!fields_.append(row))
      return Error(Code::invalid, "what it gave can't be a row of the others: " + fields_.problem());
  }
  return {};
}

/// Null: there are no rows.
Result<std::shared_ptr<arrow::RecordBatch>> PythonInstance::finished() {
  KLEIN_TRY(learn_timers());
  if (fields_.rows() == 0) return nullptr;
  return to_record_batch(fields_, declared_ ? &*declared_ : nullptr, nullptr);
}

Result<KeyedInstance::Saved> PythonInstance::snapshot(std::int64_t now) {
  const Entered gil;
  return guarded([&] {
    Saved saved;
    const auto made = nb::cast<nb::tuple>(nb::handle(object_.get()).attr("snapshot")(now));
    for (const auto [name, rows] : nb::cast<nb::dict>(made[0])) {
      if (nb::isinstance<SharedLateRows>(rows))
        saved.late[nb::cast<std::string>(name)] = nb::cast<SharedLateRows>(rows).rows;
      else
        saved.tables[nb::cast<std::string>(name)] = import_table(rows)->batches();
    }
    saved.since_last = nb::cast<bool>(made[1]);
    return saved;
  });
}

Result<> PythonInstance::restore(const std::string& table, const Batch& rows, std::shared_ptr<const KeyCodec> codec,
                                 std::int64_t now) {
  const Entered gil;
  codec_ = std::move(codec);
  KLEIN_TRY(guarded([&] {
    nb::handle(object_.get()).attr("restore")(table, nb::cast(rows), now);
    return 0;
  }));
  return learn_timers();
}

}  // namespace klein::py
