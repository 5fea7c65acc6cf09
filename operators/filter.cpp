// filter: the rows for which an expression is true; false and null drop a row. Evaluated by Arrow.

#include <arrow/array.h>

#include "op/by_schema.h"
#include "op/registry.h"

namespace klein {

namespace {

Result<BoundExpression> bound(const Expression& predicate, const Schema& schema) {
  auto made = KLEIN_TRY(BoundExpression::make(predicate, schema));
  if (made.type()->id() == arrow::Type::BOOL) return made;
  return Error(Code::invalid, "a filter's expression must be true or false for each row; " + predicate.text() + " is " +
                                  text(*made.type()));
}

class Filter final : public Operator {
 public:
  explicit Filter(std::shared_ptr<const Expression> predicate) : predicate_(std::move(predicate)) {}

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto* predicate =
        KLEIN_TRY(predicates_.get(batch, [&](const Schema& schema) { return bound(*predicate_, schema); }));
    const auto mask = KLEIN_TRY(predicate->evaluate(batch));
    out.emit(KLEIN_TRY(batch.keep(static_cast<const arrow::BooleanArray&>(*mask))));
    return Progress::done;
  }

 private:
  const std::shared_ptr<const Expression> predicate_;
  BySchema<BoundExpression> predicates_;
};

/// Both at once, unless the second could fail on a row that the first drops.
std::optional<Params> merged(const Params& params, const std::string& next_kind, const Params& next) {
  if (next_kind != "filter" || !next.expression("predicate")->total()) return std::nullopt;
  auto both = params.expression("predicate")->both(*next.expression("predicate"));
  return params.with("predicate", Value(Value::Handle(std::move(both))));
}

}  // namespace

void register_filter(Registry& registry) {
  registry.add(OperatorKind{
      .name = "filter",
      .doc = "Keep the rows for which an expression is true.",
      .params = {{.name = "predicate",
                  .type = ParamType::expression,
                  .doc = "True or false for each row; where it is null, the row is dropped."}},
      .examples = {{.params = R"({"predicate": ["greater", {"column": "price"}, 3]})",
                    .in = R"([{"price": 5}, {"price": 3}, {"price": null}, {"price": 4}])",
                    .out = R"([{"price": 5}, {"price": 4}])"}},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        if (inputs.front()) KLEIN_TRY(bound(*params.expression("predicate"), *inputs.front()));
        return inputs.front();
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Filter>(params.expression("predicate"));
      },
      .required =
          [](const Params& params, const Columns& wanted) {
            auto needed = wanted;
            for (auto& column : params.expression("predicate")->columns()) needed.insert(std::move(column));
            return needed;
          },
      .makes = [](const Params&) { return Columns(); },
      .predicate = [](const Params& params) { return params.expression("predicate"); },
      .merge = merged});
}

}  // namespace klein
