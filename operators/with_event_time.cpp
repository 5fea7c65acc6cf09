// with_event_time: says which column holds the time of a row's event, and how far rows come out of order. From the
// rows of each split it works out how far time has come: the watermark that windows and joins wait for.

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "base/duration.h"
#include "op/by_schema.h"
#include "op/registry.h"
#include "op/time_column.h"

namespace klein {

namespace {

constexpr std::int64_t between_watermarks = 5'000'000;  // nanoseconds: each goes to every task behind
constexpr auto nothing_known = std::numeric_limits<std::int64_t>::min();

struct Lateness {
  std::int64_t out_of_order = 0;
  std::optional<std::int64_t> idleness;
};

class WithEventTime final : public Operator {
 public:
  WithEventTime(std::string column, Lateness lateness) : column_(std::move(column)), lateness_(lateness) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    sent_at_ = context.clock->now() - between_watermarks;
    // A reader whose splits give nothing from the beginning is to be idle, too.
    if (context.streaming && context.reading && lateness_.idleness) wake_at(context.clock->now() + *lateness_.idleness);
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto* column =
        KLEIN_TRY(columns_.get(batch, [&](const Schema& schema) { return TimeColumn::make(schema, column_); }));
    const auto times = KLEIN_TRY(column->read(batch));
    if (context_->streaming) {
      auto& split = splits_[label_of(batch)];
      split.highest = std::max(split.highest, *std::max_element(times.begin(), times.end()));
      split.last = context_->clock->now();
      highest_ = std::max(highest_, split.highest);
    }
    out.emit(std::move(batch));
    return advance(out);
  }

  /// No split is open, nor will be soon.
  Result<Progress> on_watermark(Watermark watermark, Output& out) override {
    return watermark.is_end() ? Progress::done : advance(out);
  }

  /// The alarm: a watermark was held back, or a split may be idle by now.
  Result<Progress> resume(Output& out) override { return advance(out); }

 private:
  struct SplitTime {
    std::int64_t highest = nothing_known, last = 0;  // event time; the clock's
  };

  /// Behind an exchange or a union nothing is known of splits: all rows count as of one.
  std::string label_of(const Batch& batch) const {
    return context_->reading && batch.header().split ? *batch.header().split : std::string();
  }

  Result<Progress> advance(Output& out) {
    if (!context_->streaming) return Progress::done;
    const auto now = context_->clock->now();
    next_idle_ = 0;
    const auto watermark = current(now);
    if (watermark != sent_) {
      if (now < sent_at_ + between_watermarks && watermark.idle == sent_.idle) {
        wake_at(sent_at_ + between_watermarks);
      } else {
        sent_ = watermark;
        sent_at_ = now;
        out.emit(watermark);
      }
    }
    if (next_idle_ != 0) wake_at(next_idle_);
    return Progress::done;
  }

  void wake_at(std::int64_t time) {
    if (*context_->alarm == 0 || time < *context_->alarm) *context_->alarm = time;
  }

  Watermark current(std::int64_t now) {
    if (context_->reading) forget_ended(now);
    auto lowest = std::numeric_limits<std::int64_t>::max();
    bool any = false;
    for (const auto& [label, split] : splits_) {
      if (is_idle(split, now)) continue;
      any = true;
      lowest = std::min(lowest, split.highest);
    }
    if (context_->reading && context_->reading->more) return {.time = sent_.time};
    // Where nothing holds time back, it has come as far as the newest row says.
    if (!any) lowest = highest_;
    const auto time = lowest == nothing_known ? nothing_known : lowest - lateness_.out_of_order;
    return {.time = std::max(sent_.time, time), .idle = !any};
  }

  bool is_idle(const SplitTime& split, std::int64_t now) {
    if (!lateness_.idleness) return false;
    const auto idle_from = split.last + *lateness_.idleness;
    if (idle_from <= now) return true;
    if (next_idle_ == 0 || idle_from < next_idle_) next_idle_ = idle_from;
    return false;
  }

  /// A split that is read and has given no row yet holds time where it is.
  void forget_ended(std::int64_t now) {
    const auto& open = context_->reading->open;
    if (open == open_) return;
    open_ = open;
    std::map<std::string, SplitTime> kept;
    for (const auto& label : open) {
      const auto known = splits_.find(*label);
      kept[*label] = known == splits_.end() ? SplitTime{.last = now} : known->second;
    }
    splits_ = std::move(kept);
  }

  const std::string column_;
  const Lateness lateness_;
  const Context* context_ = nullptr;
  BySchema<TimeColumn> columns_;
  std::map<std::string, SplitTime> splits_;
  std::vector<std::shared_ptr<const std::string>> open_;
  Watermark sent_;
  std::int64_t sent_at_ = 0, next_idle_ = 0, highest_ = nothing_known;
};

Result<Lateness> lateness_of(const Params& params) {
  Lateness lateness{.out_of_order = KLEIN_TRY(duration_from(params.string("max_out_of_orderness"))), .idleness = {}};
  if (!params.is_null("idleness")) lateness.idleness = KLEIN_TRY(duration_from(params.string("idleness")));
  return lateness;
}

}  // namespace

void register_with_event_time(Registry& registry) {
  registry.add(OperatorKind{
      .name = "with_event_time",
      .doc =
          "Say which column holds the time of a row's event. Put it right behind the source: time is then told split "
          "by split, and one that is behind is waited for.",
      .params = {{.name = "column", .type = ParamType::string, .doc = "A timestamp, or int64 milliseconds since 1970."},
                 {.name = "max_out_of_orderness",
                  .type = ParamType::string,
                  .doc = "How much older than the newest row so far a row may be and still be on time.",
                  .fallback = "0s",
                  .keyword_only = true},
                 {.name = "idleness",
                  .type = ParamType::string,
                  .doc = "A split that gives no row for so long is not waited for; by default it is.",
                  .fallback = Value(),
                  .keyword_only = true}},
      .examples = {{.params = R"({"column": "at", "max_out_of_orderness": "1s"})",
                    .in = R"([{"at": 1000}, {"at": 500}])",
                    .out = R"([{"at": 1000}, {"at": 500}])"}},
      .makes_time = true,
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        KLEIN_TRY(lateness_of(params));
        if (inputs.front()) KLEIN_TRY(TimeColumn::make(*inputs.front(), params.string("column")));
        return inputs.front();
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<WithEventTime>(params.string("column"), KLEIN_TRY(lateness_of(params)));
      },
      .one_to_one = [](const Params&) { return true; },
      .required =
          [](const Params& params, const Columns& wanted) {
            auto needed = wanted;
            needed.insert(params.string("column"));
            return needed;
          }});
}

}  // namespace klein
