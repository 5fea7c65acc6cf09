// top: of each key the first rows in an order, over all rows or in each window of event time.

#include "op/registry.h"
#include "operators/aggregation.h"
#include "operators/top_rows.h"

namespace klein {

namespace {

Result<Aggregation> asked(const Params& params) {
  auto made = KLEIN_TRY(Aggregation::of(params));
  const auto count = params.int64("n");
  if (count < 1) return Error(Code::invalid, "top gives at least one row, not " + std::to_string(count));
  Order order{.by = params.strings("by"), .descending = params.boolean("descending")};
  if (order.by.empty()) {
    order.latest_first = order.descending;
    if (made.time) order.by = {*made.time};
  }
  const auto rank = params.is_null("rank") ? "" : params.string("rank");
  auto rows = std::make_shared<const TopRows>(count, std::move(order), rank);
  made.aggregates.push_back({.name = "rows", .function = "top", .own = std::move(rows), .spread = true, .many = true});
  return made;
}

std::vector<Param> params() {
  auto all = Aggregation::params();
  const std::vector<Param> first = {
      {.name = "n", .type = ParamType::int64, .doc = "How many rows."},
      {.name = "by",
       .type = ParamType::strings,
       .doc = "The columns that say the order; by default the events' time, then the source's order.",
       .fallback = Value::List()},
      {.name = "descending",
       .type = ParamType::boolean,
       .doc = "The highest values first; null comes last either way.",
       .fallback = true,
       .keyword_only = true},
      {.name = "rank",
       .type = ParamType::string,
       .doc = "The name of a column to add, of a row's place, from 1 on.",
       .fallback = Value(),
       .keyword_only = true}};
  all.insert(all.begin(), first.begin(), first.end());
  return all;
}

std::vector<Example> examples() {
  const std::string rows =
      R"([{"k": "a", "at": 100, "x": 3}, {"k": "b", "at": 200, "x": 5}, {"k": "a", "at": 300, "x": 4},
                               {"k": "a", "at": 1400, "x": null}, {"k": "b", "at": 1500, "x": 1}])";
  return {{.params = R"({"n": 2, "by": "x"})",
           .in = rows,
           .out = R"([{"k": "b", "at": 200, "x": 5}, {"k": "a", "at": 300, "x": 4}])"},
          {.params = R"({"n": 2, "by": ["x"], "descending": false, "keys": "k", "rank": "place"})",
           .in = rows,
           .out = R"([{"k": "a", "at": 100, "x": 3, "place": 1}, {"k": "a", "at": 300, "x": 4, "place": 2},
                      {"k": "b", "at": 1500, "x": 1, "place": 1}, {"k": "b", "at": 200, "x": 5, "place": 2}])"},
          {.params = R"({"n": 1, "keys": "k", "time": "at"})",
           .in = rows,
           .out = R"([{"k": "a", "at": 1400, "x": null}, {"k": "b", "at": 1500, "x": 1}])"},
          {.params = R"-({"n": 1, "by": "x", "window": "tumbling(1s)", "time": "at"})-",
           .in = rows,
           .out = R"([{"window_start": 0, "window_end": 1000, "k": "b", "at": 200, "x": 5},
                      {"window_start": 1000, "window_end": 2000, "k": "b", "at": 1500, "x": 1}])"}};
}

}  // namespace

void register_top(Registry& registry) {
  registry.add(OperatorKind{
      .name = "top",
      .doc = "The first rows of each key in an order, over all of them or in each window of time: the rows themselves.",
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
      .keys = [](const Params& params, int) { return params.strings("keys"); }});
}

}  // namespace klein
