#include "row_instance.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "errors.h"

namespace klein::py {

namespace nb = nanobind;

RowInstance::RowInstance(std::vector<Call> calls, std::optional<Schema> declared)
    : calls_(std::move(calls)), declared_(std::move(declared)) {
  for (const auto& call : calls_) {
    only_filters_ &= call.mode() == RowMode::filter;
    one_to_one_ &= call.mode() == RowMode::map;
  }
}

Result<std::vector<Batch>> RowInstance::call(const Batch& batch) {
  const Entered gil;
  KLEIN_TRY(reader_.open(batch));
  begin();
  for (row_ = 0; row_ < batch.rows(); ++row_) {
    const auto row = nb::steal(reader_.row(row_));
    if (!row.is_valid() || !pass(0, row)) return failure().at_row(batch.row_id(row_));
  }
  if (origin_.empty()) return std::vector<Batch>{};
  if (only_filters_) return std::vector<Batch>{KLEIN_TRY(batch.pick(origin_))};
  const auto input = batch.schema();
  auto columns = KLEIN_TRY(to_record_batch(fields_, declared_ ? &*declared_ : nullptr, &input));
  return std::vector<Batch>{one_to_one_ ? batch.with(std::move(columns)) : batch.derive(std::move(columns), origin_)};
}

void RowInstance::begin() {
  problem_.clear();
  origin_.clear();
  fields_.clear();
  if (declared_ && !fields_.settled()) fields_.expect(declared_->arrow()->fields());
}

bool RowInstance::pass(std::size_t stage, nb::object row) {
  for (; stage < calls_.size(); ++stage) {
    auto result = nb::steal(calls_[stage](row.ptr()));
    if (!result.is_valid()) return false;
    if (calls_[stage].mode() == RowMode::flat_map) return pass_each(stage + 1, result);
    if (calls_[stage].mode() == RowMode::map) {
      row = std::move(result);
      continue;
    }
    const auto kept = PyObject_IsTrue(result.ptr());
    if (kept <= 0) return kept == 0;
  }
  return keep(row.ptr());
}

bool RowInstance::pass_each(std::size_t stage, const nb::object& rows) {
  const auto* type = Py_TYPE(rows.ptr());
  if (PyDict_Check(rows.ptr()) || (!type->tp_iter && !PySequence_Check(rows.ptr()))) {
    problem_ = "the function of flat_map returned " + std::string(type->tp_name) +
               "; it returns a list of rows, empty where there are none, or yields them";
    return false;
  }
  const auto iterator = nb::steal(PyObject_GetIter(rows.ptr()));
  if (!iterator.is_valid()) return false;
  while (auto* row = PyIter_Next(iterator.ptr())) {
    if (!pass(stage, nb::steal(row))) return false;
  }
  return PyErr_Occurred() == nullptr;
}

bool RowInstance::keep(PyObject* row) {
  origin_.push_back(row_);
  if (only_filters_) return true;
  if (!PyDict_Check(row)) {
    problem_ = "the function returned " + std::string(Py_TYPE(row)->tp_name) + "; a row is a dict";
    return false;
  }
  if (fields_.append(row)) return true;
  problem_ = "what the function returned can't be a row of the others: " + fields_.problem();
  return false;
}

Error RowInstance::failure() const {
  if (PyErr_Occurred()) return caught();
  return Error(Code::invalid, problem_);
}

}  // namespace klein::py
