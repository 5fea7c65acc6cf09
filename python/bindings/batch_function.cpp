// Functions of batches: what they are called with and what they give is Python's (`pyklein/_formats.py`); here is the
// way in and out, without a copy.

#include <arrow/record_batch.h>
#include <nanobind/nanobind.h>

#include "data.h"
#include "errors.h"
#include "functions.h"

namespace klein::py {

namespace nb = nanobind;

namespace {

/// Outputs with the rows that they come from: row for row where there are as many, else all from the first one.
std::vector<Batch> with_origin(const Batch& input, const std::vector<Batch>& made) {
  std::int64_t rows = 0;
  for (const auto& batch : made) rows += batch.rows();
  std::vector<Batch> outputs;
  std::int64_t first = 0;
  for (const auto& batch : made) {
    if (rows == input.rows()) {
      outputs.push_back(input.slice(first, batch.rows()).with(batch.columns()));
      first += batch.rows();
    } else {
      outputs.push_back(input.derive(batch.columns(), std::vector<std::int64_t>(batch.rows(), 0)));
    }
  }
  return outputs;
}

class BatchInstance final : public FunctionInstance {
 public:
  explicit BatchInstance(Reference callable) : callable_(std::move(callable)) {}
  Result<std::vector<Batch>> call(const Batch& batch) override {
    const Entered gil;
    const auto made = KLEIN_TRY(guarded([&] {
      std::vector<Batch> batches;
      const nb::object outputs = nb::handle(callable_.get())(nb::cast(batch));
      for (const auto output : outputs) {
        const auto table = import_table(output);
        batches.insert(batches.end(), table->batches().begin(), table->batches().end());
      }
      return batches;
    }));
    return with_origin(batch, made);
  }

 private:
  const Reference callable_;
};

class BatchFunction final : public Function {
 public:
  BatchFunction(Reference recipe, std::string name, Settings settings)
      : recipe_(std::move(recipe)), name_(std::move(name)), settings_(std::move(settings)) {}

  std::string text() const override { return name_; }
  std::optional<Schema> output_schema() const override { return settings_.schema; }
  std::int64_t batch_rows() const override { return settings_.batch_rows; }
  Result<std::unique_ptr<FunctionInstance>> instance() const override {
    const Entered gil;
    auto callable = Reference::take(PyObject_CallNoArgs(recipe_.get()));
    if (!callable) return caught().while_doing("making " + name_);
    return std::make_unique<BatchInstance>(std::move(callable));
  }

 private:
  const Reference recipe_;
  const std::string name_;
  const Settings settings_;
};

}  // namespace

std::shared_ptr<const Function> make_batch_function(Reference recipe, std::string name, Settings settings) {
  return std::make_shared<BatchFunction>(std::move(recipe), std::move(name), std::move(settings));
}

}  // namespace klein::py
