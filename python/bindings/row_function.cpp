// Functions of rows: a batch is read a dict at a time, each goes through all the functions before the next one, and what
// comes out is written as one batch. The interpreter is entered once a batch.

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nanobind/nanobind.h>

#include "errors.h"
#include "functions.h"
#include "rows_read.h"
#include "rows_write.h"

namespace klein::py {

namespace nb = nanobind;

namespace {

/// The schema of the first batch that any task of a job made; guarded by the GIL.
struct FirstOutput {
  std::shared_ptr<arrow::Schema> schema;
};

class RowInstance final : public FunctionInstance {
 public:
  RowInstance(std::vector<Call> calls, std::optional<Schema> declared, std::shared_ptr<FirstOutput> first)
      : calls_(std::move(calls)), declared_(std::move(declared)), first_(std::move(first)) {
    for (const auto& call : calls_) {
      only_filters_ &= call.mode() == RowMode::filter;
      one_to_one_ &= call.mode() == RowMode::map;
    }
  }

  Result<std::vector<Batch>> call(const Batch& batch) override {
    const Entered gil;
    KLEIN_TRY(reader_.open(batch));
    begin();
    for (row_ = 0; row_ < batch.rows(); ++row_) {
      const auto row = nb::steal(reader_.row(row_));
      if (!row.is_valid() || !pass(0, row)) return failure().at_row(batch.row_id(row_));
    }
    if (origin_.empty()) return std::vector<Batch>{};
    if (only_filters_) return std::vector<Batch>{KLEIN_TRY(batch.pick(origin_))};
    auto columns = KLEIN_TRY(written(batch.schema()));
    return std::vector<Batch>{one_to_one_ ? batch.with(std::move(columns)) : batch.derive(std::move(columns), origin_)};
  }

 private:
  void begin() {
    problem_.clear();
    origin_.clear();
    fields_.clear();
    if (fields_.settled()) return;
    if (declared_) {
      fields_.expect(declared_->arrow()->fields());
    } else if (first_->schema) {
      fields_.expect(first_->schema->fields());
    }
  }

  /// Takes a row through the functions from `stage` on. False: failed.
  bool pass(std::size_t stage, nb::object row) {
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

  bool pass_each(std::size_t stage, const nb::object& rows) {
    const auto iterator = nb::steal(PyObject_GetIter(rows.ptr()));
    if (!iterator.is_valid()) return false;
    while (auto* row = PyIter_Next(iterator.ptr())) {
      if (!pass(stage, nb::steal(row))) return false;
    }
    return PyErr_Occurred() == nullptr;
  }

  bool keep(PyObject* row) {
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

  Error failure() {
    if (PyErr_Occurred()) return caught();
    return Error(Code::invalid, problem_);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> written(const Schema& input) {
    const auto first = declared_ ? declared_ : first_->schema ? std::optional(Schema(first_->schema)) : std::nullopt;
    auto columns = KLEIN_TRY(to_record_batch(fields_, first ? &*first : nullptr, &input));
    first_->schema = columns->schema();
    return columns;
  }

  std::vector<Call> calls_;
  const std::optional<Schema> declared_;
  const std::shared_ptr<FirstOutput> first_;
  bool only_filters_ = true, one_to_one_ = true;
  RowReader reader_;
  Fields fields_;
  std::vector<std::int64_t> origin_;
  std::int64_t row_ = 0;
  std::string problem_;
};

class RowFunction final : public Function {
 public:
  RowFunction(std::vector<Stage> stages, Settings settings)
      : stages_(std::move(stages)), settings_(std::move(settings)) {}

  std::string text() const override {
    std::string all;
    for (const auto& stage : stages_) all += (all.empty() ? "" : ", ") + stage.name;
    return all;
  }
  std::optional<Schema> output_schema() const override { return settings_.schema; }
  std::int64_t batch_rows() const override { return settings_.batch_rows; }
  std::shared_ptr<const Function> fuse(const Function& next) const override;
  Result<std::unique_ptr<FunctionInstance>> instance() const override;

 private:
  const std::vector<Stage> stages_;
  const Settings settings_;
  mutable std::weak_ptr<FirstOutput> first_;  // of the job that runs; guarded by the GIL
};

std::shared_ptr<const Function> RowFunction::fuse(const Function& next) const {
  const auto* other = dynamic_cast<const RowFunction*>(&next);
  if (!other || settings_.schema || settings_.batch_rows != other->settings_.batch_rows) return nullptr;
  const Entered gil;
  auto stages = stages_;
  stages.insert(stages.end(), other->stages_.begin(), other->stages_.end());
  return std::make_shared<RowFunction>(std::move(stages), other->settings_);
}

Result<std::unique_ptr<FunctionInstance>> RowFunction::instance() const {
  const Entered gil;
  std::vector<Call> calls;
  for (const auto& stage : stages_) calls.push_back(KLEIN_TRY(Call::make(stage)));
  auto first = first_.lock();
  if (!first) first_ = first = std::make_shared<FirstOutput>();
  return std::make_unique<RowInstance>(std::move(calls), settings_.schema, std::move(first));
}

}  // namespace

std::shared_ptr<const Function> make_row_function(Stage stage, Settings settings) {
  return std::make_shared<RowFunction>(std::vector<Stage>{std::move(stage)}, std::move(settings));
}

}  // namespace klein::py
