#include "operators/aggregation.h"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <map>

#include "base/duration.h"
#include "operators/windows.h"

namespace klein {

namespace {

/// Of each key group of a task the same time: `group`, `time`.
Result<Batch> of_groups(const Context& context, std::int64_t time) {
  arrow::Int32Builder groups;
  arrow::Int64Builder times;
  for (int group = 0; group < key_groups; ++group) {
    if (task_of(group, context.parallelism) != context.task) continue;
    KLEIN_ARROW_OK(groups.Append(group));
    KLEIN_ARROW_OK(times.Append(time));
  }
  static const auto schema =
      arrow::schema({arrow::field("group", arrow::int32()), arrow::field("time", arrow::int64())});
  const auto rows = groups.length();
  return Batch(arrow::RecordBatch::Make(schema, rows, {KLEIN_ARROW(groups.Finish()), KLEIN_ARROW(times.Finish())}));
}

std::map<int, std::int64_t> times_of(const std::vector<Batch>& rows) {
  std::map<int, std::int64_t> times;
  for (const auto& batch : rows) {
    const auto& groups = static_cast<const arrow::Int32Array&>(*batch.columns()->column(0));
    const auto& all = static_cast<const arrow::Int64Array&>(*batch.columns()->column(1));
    for (std::int64_t row = 0; row < batch.rows(); ++row) times[groups.Value(row)] = all.Value(row);
  }
  return times;
}

/// Rows of windows, but for those that have been dropped since the rows were saved.
Result<Batch> without_gone(const Batch& rows, const std::map<int, std::int64_t>& gone) {
  if (gone.empty()) return rows;
  const auto& groups = static_cast<const arrow::Int32Array&>(*rows.columns()->column(0));
  const auto& starts = static_cast<const arrow::Int64Array&>(*rows.columns()->column(1));
  std::vector<std::int64_t> kept;
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    const auto found = gone.find(groups.Value(row));
    if (found == gone.end() || starts.Value(row) > found->second) kept.push_back(row);
  }
  return rows.pick(kept);
}

class Aggregating final : public Operator {
 public:
  explicit Aggregating(Aggregation asked) : asked_(std::move(asked)) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    if (context.streaming && !asked_.window && asked_.early == 0)
      return Error(Code::invalid,
                   "without a window an aggregate is known only when its input ends, and this one does not: use "
                   "window=..., or early=\"10s\" to see what it has come to so far");
    for (const auto& aggregate : asked_.aggregates) {
      if (context.streaming && !asked_.window && !aggregate.bounded())
        return Error(Code::invalid, "the values of " + aggregate.text() +
                                        " are all kept until the end, and this input has none: use window=...");
    }
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    if (!seen_ || !(*seen_ == batch.schema())) KLEIN_TRY(see(batch.schema()));
    const auto keys = KLEIN_TRY(shape_->keys.encode(batch));
    std::vector<std::int64_t> times, late;
    if (shape_->time) times = KLEIN_TRY(shape_->time->read(batch));
    KLEIN_TRY(windows_->add(batch, keys, times, fired_, late, emit_to(out)));
    if (!late.empty()) out.emit(KLEIN_TRY(batch.pick(late)), Port::late);
    const auto now = context_->clock->now();
    if (asked_.early > 0 && early_at_ == 0) early_at_ = now + asked_.early;
    if (asked_.late > 0 && late_at_ == 0) late_at_ = now + asked_.late;
    set_alarm();
    return Progress::done;
  }

  Result<Progress> on_watermark(Watermark watermark, Output& out) override {
    fired_.advance(watermark.time);
    return fire(out);
  }

  /// After `more`, or when it is time for early or late results.
  Result<Progress> resume(Output& out) override {
    const auto progress = KLEIN_TRY(fire(out));
    if (progress == Progress::more || !windows_) return progress;
    const auto now = context_->clock->now();
    if (is_due(early_at_, now)) KLEIN_TRY(windows_->fire_early(emit_to(out)));
    if (is_due(late_at_, now)) KLEIN_TRY(windows_->fire_late(emit_to(out)));
    set_alarm();
    return progress;
  }

  Result<State> snapshot() const override {
    State state;
    if (windows_) {
      auto gathered = KLEIN_TRY(windows_->save());
      state.since_last = gathered.since_last;
      state.tables["windows"] = std::move(gathered.rows);
      if (gathered.gone != before_all_time) state.tables["gone"] = {KLEIN_TRY(of_groups(*context_, gathered.gone))};
    }
    state.tables["fired"] = KLEIN_TRY(fired_.save(context_->task, context_->parallelism));
    std::erase_if(state.tables, [](const auto& table) { return table.second.empty(); });
    return state;
  }

  Result<> restore(const State& state) override {
    if (const auto found = state.tables.find("fired"); found != state.tables.end()) fired_.restore(found->second);
    const auto found = state.tables.find("windows");
    if (found == state.tables.end()) return {};
    const auto gone = state.tables.find("gone");
    const auto times = gone == state.tables.end() ? std::map<int, std::int64_t>() : times_of(gone->second);
    for (const auto& batch : found->second) {
      if (!windows_) KLEIN_TRY(see(KLEIN_TRY(input_of(batch))));
      KLEIN_TRY(windows_->load(KLEIN_TRY(without_gone(batch, times))));
    }
    const auto now = context_->clock->now();
    if (asked_.early > 0) early_at_ = now + asked_.early;
    if (asked_.late > 0) late_at_ = now + asked_.late;
    set_alarm();
    return {};
  }

 private:
  /// What the columns are places and types of, from the first rows or from the state; later ones give the same results.
  Result<> see(const Schema& schema) {
    auto shape = KLEIN_TRY(asked_.shape(schema));
    if (!windows_) {
      const Lateness late{.allowed = asked_.lateness, .together = asked_.late > 0};
      windows_ = asked_.window && asked_.window->session ? make_sessions(shape, asked_.window->size, late)
                                                         : make_panes(shape, asked_.window, late);
    } else if (!(shape->output == shape_->output)) {
      return Error(Code::invalid, "its input changed its columns midway: they give (" + shape->output.text() +
                                      ") now, and gave (" + shape_->output.text() + ")");
    }
    shape_ = std::move(shape);
    seen_ = schema;
    return {};
  }

  /// Results that change are those of streams alone: a batch has final ones.
  static bool is_due(std::int64_t& at, std::int64_t now) { return at != 0 && at <= now && (at = 0, true); }
  void set_alarm() {
    if (!context_->streaming) return;
    const auto first = early_at_ == 0 || (late_at_ != 0 && late_at_ < early_at_) ? late_at_ : early_at_;
    if (first != 0) *context_->alarm = first;
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

  const Aggregation asked_;
  const Context* context_ = nullptr;
  std::optional<Schema> seen_;
  std::shared_ptr<const Shape> shape_;
  std::unique_ptr<Windows> windows_;
  Fired fired_;
  std::int64_t early_at_ = 0, late_at_ = 0;  // when results are given out again; 0: nothing has changed
};

}  // namespace

std::vector<Param> Aggregation::params() {
  return {
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
      {.name = "late",
       .type = ParamType::string,
       .doc =
           "In a stream, how often a result that late rows changed is given out again; by default with each of them.",
       .fallback = Value(),
       .keyword_only = true}};
}

Result<Aggregation> Aggregation::of(const Params& params) {
  Aggregation made{.keys = params.strings("keys"), .aggregates = {}, .window = {}, .time = {}};
  if (!params.is_null("window")) made.window = KLEIN_TRY(Window::parse(params.string("window")));
  if (!params.is_null("time")) made.time = params.string("time");
  if (made.window && !made.time)
    return Error(
        Code::invalid,
        "a window needs the column of the events' time: put with_event_time(...) before it, or name it by time=");
  made.lateness = KLEIN_TRY(duration_from(params.string("allowed_lateness")));
  if (!params.is_null("early")) made.early = KLEIN_TRY(duration_from(params.string("early")));
  if (!params.is_null("late")) made.late = KLEIN_TRY(duration_from(params.string("late")));
  if (made.late > 0 && made.lateness == 0)
    return Error(Code::invalid,
                 "late= says how often rows that come late change a result, and none may: give "
                 "allowed_lateness=");
  return made;
}

Result<std::shared_ptr<const Shape>> Aggregation::shape(const Schema& input) const {
  return Shape::make(input, keys, aggregates, window ? time : std::nullopt);
}

Result<std::optional<Schema>> Aggregation::schema(const std::optional<Schema>& input) const {
  if (!input) return std::optional<Schema>();
  return std::optional(Schema(KLEIN_TRY(shape(*input))->output));
}

std::unique_ptr<Operator> Aggregation::make() const { return std::make_unique<Aggregating>(*this); }

}  // namespace klein
