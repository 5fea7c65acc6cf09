// Aggregates of the user's own, on their way into a plan.

#include <arrow/type.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.h"
#include "data.h"
#include "errors.h"
#include "user_accumulator.h"
#include "values.h"

namespace klein::py {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

class PythonAggregate final : public AggregateFunction {
 public:
  PythonAggregate(Reference recipe, std::string text, UserAggregate aggregate)
      : recipe_(std::move(recipe)), text_(std::move(text)), aggregate_(std::move(aggregate)) {}
  std::string text() const override { return text_; }
  std::vector<std::string> columns() const override { return aggregate_.columns; }
  Result<std::shared_ptr<arrow::DataType>> type(const Schema& input) const override {
    for (const auto& column : aggregate_.columns) KLEIN_TRY(input.index(column));
    const auto result = aggregate_.result_of(input);
    if (aggregate_.state) return result.arrow()->field(0)->type();
    return arrow::struct_(result.arrow()->fields());
  }
  Result<std::unique_ptr<Accumulator>> make(const Schema& input) const override {
    const Entered gil;
    auto object = Reference::take(PyObject_CallNoArgs(recipe_.get()));
    if (!object) return caught().while_doing("making " + text_);
    return std::make_unique<UserAccumulator>(std::move(object), aggregate_, input);
  }

 private:
  const Reference recipe_;
  const std::string text_;
  const UserAggregate aggregate_;
};

Held held(nb::object recipe, std::string text, UserAggregate aggregate) {
  return {std::make_shared<PythonAggregate>(Reference::share(recipe.ptr()), std::move(text), std::move(aggregate))};
}

}  // namespace

void bind_aggregates(nb::module_& m) {
  m.def(
      "aggregate_function",
      [](nb::object recipe, std::string text, std::vector<std::string> columns, nb::object state, nb::object result) {
        return held(std::move(recipe), std::move(text),
                    {.columns = std::move(columns), .state = import_schema(state), .result = import_schema(result)});
      },
      "recipe"_a, "text"_a, "columns"_a, "state"_a, "result"_a,
      "An aggregate of values: `recipe()` makes what gathers groups of them (pyklein/_gathering.py).");
  m.def(
      "reduce_function",
      [](nb::object recipe, std::string text, std::vector<std::string> keys) {
        return held(
            std::move(recipe), std::move(text), {.columns = {}, .state = {}, .result = {}, .keys = std::move(keys)});
      },
      "recipe"_a, "text"_a, "keys"_a, "A function of two rows: `recipe()` makes what folds groups of them.");
}

}  // namespace klein::py
