// aggregate: what rows of a key come to, over all rows or in each window of event time. In a stream a window's result
// is given out once time has passed its end; in a batch all are given out at the end.

#include "base/duration.h"
#include "op/registry.h"
#include "operators/windows.h"

namespace klein {

namespace {

/// The parameters, understood.
struct Asked {
  std::vector<std::string> keys;
  std::vector<Aggregate> aggregates;
  std::optional<Window> window;
  std::optional<std::string> time;
  std::int64_t lateness = 0, early = 0;  // nanoseconds; early: 0, not at all

  Result<std::shared_ptr<const Shape>> shape(const Schema& input) const {
    return Shape::make(input, keys, aggregates, window ? time : std::nullopt);
  }
};

Result<Asked> asked(const Params& params) {
  Asked made{.keys = params.strings("keys"), .aggregates = {}, .window = {}, .time = {}};
  for (const auto& [name, text] : params.mapping("aggregates"))
    made.aggregates.push_back(KLEIN_TRY(Aggregate::parse(name, text)));
  if (made.aggregates.empty() && made.keys.empty())
    return Error(Code::invalid, "there is nothing to aggregate: name keys, aggregates such as n=count(), or both");
  if (!params.is_null("window")) made.window = KLEIN_TRY(Window::parse(params.string("window")));
  if (!params.is_null("time")) made.time = params.string("time");
  if (made.window && !made.time)
    return Error(
        Code::invalid,
        "a window needs the column of the events' time: put with_event_time(...) before it, or name it by time=");
  made.lateness = KLEIN_TRY(duration_from(params.string("allowed_lateness")));
  if (!params.is_null("early")) made.early = KLEIN_TRY(duration_from(params.string("early")));
  return made;
}

class Aggregating final : public Operator {
 public:
  explicit Aggregating(Asked asked) : asked_(std::move(asked)) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    if (context.streaming && !asked_.window && asked_.early == 0)
      return Error(Code::invalid,
                   "without a window an aggregate is known only when its input ends, and this one does not: use "
                   "window=..., or early=\"10s\" to see what it has come to so far");
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    if (!seen_ || !(*seen_ == batch.schema())) KLEIN_TRY(see(batch.schema()));
    const auto keys = KLEIN_TRY(shape_->keys.encode(batch));
    std::vector<std::int64_t> times, late;
    if (shape_->time) times = KLEIN_TRY(shape_->time->read(batch));
    KLEIN_TRY(windows_->add(batch, keys, times, fired_, late, emit_to(out)));
    if (!late.empty()) out.emit(KLEIN_TRY(batch.pick(late)), Port::late);
    if (context_->streaming && asked_.early > 0 && *context_->alarm == 0)
      *context_->alarm = context_->clock->now() + asked_.early;
    return Progress::done;
  }

  Result<Progress> on_watermark(Watermark watermark, Output& out) override {
    fired_.advance(watermark.time);
    return fire(out);
  }

  /// After `more`, or when it is time for early results.
  Result<Progress> resume(Output& out) override {
    const auto progress = KLEIN_TRY(fire(out));
    if (progress == Progress::done && windows_ && asked_.early > 0 && context_->streaming && *context_->alarm == 0)
      KLEIN_TRY(windows_->fire_early(emit_to(out)));
    return progress;
  }

  Result<State> snapshot() const override {
    State state;
    if (windows_) state.tables["windows"] = KLEIN_TRY(windows_->save());
    state.tables["fired"] = KLEIN_TRY(fired_.save(context_->task, context_->parallelism));
    std::erase_if(state.tables, [](const auto& table) { return table.second.empty(); });
    return state;
  }

  Result<> restore(const State& state) override {
    if (const auto found = state.tables.find("fired"); found != state.tables.end()) fired_.restore(found->second);
    const auto found = state.tables.find("windows");
    if (found == state.tables.end()) return {};
    for (const auto& batch : found->second) {
      if (!windows_) KLEIN_TRY(see(KLEIN_TRY(input_of(batch))));
      KLEIN_TRY(windows_->load(batch));
    }
    return {};
  }

 private:
  /// What the columns are places and types of, from the first rows or from the state; later ones give the same results.
  Result<> see(const Schema& schema) {
    auto shape = KLEIN_TRY(asked_.shape(schema));
    if (!windows_) {
      windows_ = asked_.window && asked_.window->session ? make_sessions(shape, asked_.window->size, asked_.lateness)
                                                         : make_panes(shape, asked_.window, asked_.lateness);
    } else if (!(shape->output == shape_->output)) {
      return Error(Code::invalid, "its input changed its columns midway: they give (" + shape->output.text() +
                                      ") now, and gave (" + shape_->output.text() + ")");
    }
    shape_ = std::move(shape);
    seen_ = schema;
    return {};
  }

  static Windows::Emit emit_to(Output& out) {
    return [&out](Batch batch) { out.emit(std::move(batch)); };
  }

  Result<Progress> fire(Output& out) {
    while (windows_ && KLEIN_TRY(windows_->fire(fired_, emit_to(out)))) {
      if (out.full()) return Progress::more;
    }
    return Progress::done;
  }

  const Asked asked_;
  const Context* context_ = nullptr;
  std::optional<Schema> seen_;
  std::shared_ptr<const Shape> shape_;
  std::unique_ptr<Windows> windows_;
  Fired fired_;
};

const std::vector<Param>& params() {
  static const std::vector<Param> all = {
      {.name = "keys",
       .type = ParamType::strings,
       .doc = "Rows of equal values in these columns are one group.",
       .fallback = Value::List()},
      {.name = "window",
       .type = ParamType::string,
       .doc = "tumbling(10s), sliding(10s, 2s) or session(30s), of the events' time; by default all rows are together.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "time",
       .type = ParamType::string,
       .doc = "The column of the events' time.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "allowed_lateness",
       .type = ParamType::string,
       .doc = "How long after its end a window takes rows that come late: each changes its result, which is given out "
              "again.",
       .fallback = "0s",
       .keyword_only = true},
      {.name = "early",
       .type = ParamType::string,
       .doc = "In a stream, how often a result is given out before its window ends, where it changed.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "aggregates",
       .type = ParamType::mapping,
       .doc = "Results by name: count(), count(x), sum(x), min(x), max(x), mean(x), first(x), last(x), or any "
              "aggregate of "
              "pyarrow.compute.",
       .fallback = Value::Map(),
       .variadic = true}};
  return all;
}

std::vector<Example> examples() {
  const std::string rows = R"([{"k": "a", "at": 1000, "x": 3}, {"k": "b", "at": 1500, "x": 5},
                               {"k": "a", "at": 2500, "x": 4}, {"k": "a", "at": 9000, "x": null}])";
  return {{.params = R"-({"keys": "k", "aggregates": {"n": "count()", "sum": "sum(x)", "top": "max(x)"}})-",
           .in = rows,
           .out = R"([{"k": "a", "n": 3, "sum": 7, "top": 4}, {"k": "b", "n": 1, "sum": 5, "top": 5}])"},
          {.params = R"-({"aggregates": {"low": "min(x)", "mean": "mean(x)", "kinds": "count_distinct(k)"}})-",
           .in = rows,
           .out = R"([{"low": 3, "mean": 4.0, "kinds": 2}])"},
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
        const auto made = KLEIN_TRY(asked(params));
        if (!inputs.front()) return std::optional<Schema>();
        return std::optional(Schema(KLEIN_TRY(made.shape(*inputs.front()))->output));
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Aggregating>(KLEIN_TRY(asked(params)));
      },
      .keys = [](const Params& params, int) { return params.strings("keys"); },
      .required =
          [](const Params& params, const Columns&) {
            const auto made = asked(params);
            Columns needed;
            if (!made.ok()) return needed;
            needed.insert(made->keys.begin(), made->keys.end());
            for (const auto& aggregate : made->aggregates) {
              if (!aggregate.column.empty()) needed.insert(aggregate.column);
            }
            if (made->window) needed.insert(*made->time);
            return needed;
          }});
}

}  // namespace klein
