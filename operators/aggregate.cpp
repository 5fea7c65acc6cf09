// aggregate: aggregates of the rows of each key, by their names.

#include "op/registry.h"
#include "operators/aggregation.h"

namespace klein {

namespace {

Result<Aggregation> asked(const Params& params) {
  auto made = KLEIN_TRY(Aggregation::of(params));
  const auto& functions = params.value("functions");
  for (const auto& [name, text] : params.mapping("aggregates")) {
    const auto* own = functions.find(name);
    if (!own) {
      made.aggregates.push_back(KLEIN_TRY(Aggregate::parse(name, text)));
      continue;
    }
    auto function = own->object<AggregateFunction>();
    if (!function)
      return Error(Code::invalid, "the function of '" + name + "' is none: klein.aggregator(...) makes one");
    made.aggregates.push_back({.name = name, .function = text, .own = std::move(function)});
  }
  if (made.aggregates.empty() && made.keys.empty())
    return Error(Code::invalid, "there is nothing to aggregate: name keys, aggregates such as n=count(), or both");
  return made;
}

std::vector<Param> params() {
  auto all = Aggregation::params();
  all.push_back({.name = "functions",
                 .type = ParamType::any,
                 .doc = "The aggregates that are functions of the user's own: what klein.aggregator(...) makes.",
                 .fallback = Value::Map(),
                 .keyword_only = true});
  all.push_back(
      {.name = "aggregates",
       .type = ParamType::mapping,
       .doc =
           "Results by name: count(), count(x), sum(x), min(x), max(x), mean(x), variance(x, 1), stddev(x), first(x), "
           "last(x), any(x), all(x), count_distinct(x), approximate_quantile(x, 0.99), or any aggregate of "
           "pyarrow.compute, which keeps the values.",
       .fallback = Value::Map(),
       .variadic = true});
  return all;
}

std::vector<Example> examples() {
  const std::string rows = R"([{"k": "a", "at": 1000, "x": 3}, {"k": "b", "at": 1500, "x": 5},
                               {"k": "a", "at": 2500, "x": 4}, {"k": "a", "at": 9000, "x": null}])";
  return {
      {.params = R"-({"keys": "k", "aggregates": {"n": "count()", "sum": "sum(x)", "top": "max(x)"}})-",
       .in = rows,
       .out = R"([{"k": "a", "n": 3, "sum": 7, "top": 4}, {"k": "b", "n": 1, "sum": 5, "top": 5}])"},
      {.params = R"-({"aggregates": {"low": "min(x)", "mean": "mean(x)", "kinds": "count_distinct(k)"}})-",
       .in = rows,
       .out = R"([{"low": 3, "mean": 4.0, "kinds": 2}])"},
      {.params = R"-({"keys": "k", "aggregates": {"spread": "variance(x)", "wide": "stddev(x, 1)",
                          "half": "approximate_quantile(z, 0.5)", "some": "any(y)", "each": "all(y)",
                          "product": "product(z)"}})-",
       .in = R"([{"k": 1, "x": 1, "y": true, "z": 8}, {"k": 1, "x": 3, "y": false, "z": 8},
                     {"k": 2, "x": null, "y": null, "z": null}])",
       .out = R"([{"k": 1, "spread": 1.0, "wide": 1.4142135623730951, "half": 8.0, "some": true, "each": false,
                       "product": 64},
                      {"k": 2, "spread": null, "wide": null, "half": null, "some": null, "each": null,
                       "product": null}])"},
      {.params = R"-({"keys": "k", "window": "tumbling(2s)", "time": "at",
                          "aggregates": {"first": "first(x)", "last": "last(x)"}})-",
       .in = rows,
       .out = R"([{"k": "a", "window_start": 0, "window_end": 2000, "first": 3, "last": 3},
                      {"k": "b", "window_start": 0, "window_end": 2000, "first": 5, "last": 5},
                      {"k": "a", "window_start": 2000, "window_end": 4000, "first": 4, "last": 4},
                      {"k": "a", "window_start": 8000, "window_end": 10000, "first": null, "last": null}])"},
      {.params = R"-({"window": "sliding(4s, 2s)", "time": "at", "aggregates": {"n": "count()"}})-",
       .in = rows,
       .out = R"([{"window_start": -2000, "window_end": 2000, "n": 2},
                      {"window_start": 0, "window_end": 4000, "n": 3},
                      {"window_start": 2000, "window_end": 6000, "n": 1},
                      {"window_start": 6000, "window_end": 10000, "n": 1},
                      {"window_start": 8000, "window_end": 12000, "n": 1}])"},
      {.params = R"-({"keys": "k", "window": "session(2s)", "time": "at", "aggregates": {"n": "count()"}})-",
       .in = rows,
       .out = R"([{"k": "a", "window_start": 1000, "window_end": 4500, "n": 2},
                      {"k": "b", "window_start": 1500, "window_end": 3500, "n": 1},
                      {"k": "a", "window_start": 9000, "window_end": 11000, "n": 1}])"}};
}

}  // namespace

void register_aggregate(Registry& registry) {
  registry.add(OperatorKind{
      .name = "aggregate",
      .doc = "What the rows of each key come to, over all of them or in each window of time: a row a key and window.",
      .params = params(),
      .examples = examples(),
      .stateful = true,
      .ports = {Port::main, Port::late},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        return KLEIN_TRY(asked(params)).schema(inputs.front());
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return KLEIN_TRY(asked(params)).make();
      },
      .keys = [](const Params& params, int) { return params.strings("keys"); },
      .required =
          [](const Params& params, const Columns&) {
            const auto made = asked(params);
            Columns needed;
            if (!made.ok()) return needed;
            needed.insert(made->keys.begin(), made->keys.end());
            for (const auto& aggregate : made->aggregates) {
              for (const auto& column : aggregate.columns()) needed.insert(column);
            }
            if (made->window) needed.insert(*made->time);
            return needed;
          }});
}

}  // namespace klein
