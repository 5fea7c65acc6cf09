// reduce: the rows of each key folded into one by the user's function of two rows.

#include "op/registry.h"
#include "operators/aggregation.h"

namespace klein {

namespace {

Result<Aggregation> asked(const Params& params) {
  auto made = KLEIN_TRY(Aggregation::of(params));
  auto function = params.value("fn").object<AggregateFunction>();
  if (!function)
    return Error(Code::invalid, "fn is a function of two rows: flow.key_by(...).reduce(fn) makes a step of it");
  made.aggregates.push_back({.name = "row", .function = "reduce", .own = std::move(function), .spread = true});
  return made;
}

std::vector<Param> params() {
  auto all = Aggregation::params();
  all.insert(
      all.begin(),
      {.name = "fn", .type = ParamType::any, .doc = "What flow.key_by(...).reduce(...) makes of the user's function."});
  return all;
}

}  // namespace

void register_reduce(Registry& registry) {
  registry.add(OperatorKind{
      .name = "reduce",
      .doc = "The rows of each key folded into one, two at a time, over all of them or in each window of time.",
      .params = params(),
      .slow = true,
      .stateful = true,
      .ports = {Port::main, Port::late},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        return KLEIN_TRY(asked(params)).schema(inputs.front());
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return KLEIN_TRY(asked(params)).make();
      },
      .keys = [](const Params& params, int) { return params.strings("keys"); }});
}

}  // namespace klein
