// nexmark: the persons, auctions or bids of the Nexmark benchmark, from a seed. Persons, auctions and bids of one seed
// are of one auction house; at a rate they come by the clock, as late as they are asked for.

#include <arrow/record_batch.h>

#include <cmath>
#include <limits>

#include "connectors/nexmark_events.h"
#include "connectors/rows.h"
#include "op/registry.h"

namespace klein {

namespace {

constexpr std::int64_t most_splits = 1024;

struct Plan {
  NexmarkKind kind = NexmarkKind::bid;
  std::optional<std::int64_t> events;
  std::optional<double> rate;  // events a second, by the clock
  std::optional<std::int64_t> splits;

  /// Of the kind.
  std::int64_t rows() const { return nexmark_rows(kind, events.value_or(std::numeric_limits<std::int64_t>::max())); }
  std::int64_t step() const { return splits.value_or(1); }
};

class NexmarkReader final : public SplitReader {
 public:
  NexmarkReader(const NexmarkRows& rows, const Plan& plan, const Split& split, std::int64_t done, ReadSize size)
      : rows_(rows),
        plan_(plan),
        first_(split.first_row),
        count_(split.rows < 0 ? std::numeric_limits<std::int64_t>::max() : split.rows),
        done_(done),
        begun_at_event_(done == 0 ? 0 : event_of(done)),
        batch_rows_(rows_within(size, rows.bytes_a_row(), 1)) {}

  Result<Pulled> pull(const Context& context) override {
    if (done_ >= count_) return Pulled{};
    const auto count = std::min({batch_rows_, count_ - done_, due(context)});
    if (count > 0) return rows(count);
    const auto events = static_cast<double>(event_of(done_) + 1 - begun_at_event_);
    context.timers->wake_at(*begun_ + static_cast<std::int64_t>(std::ceil(events * 1e9 / *plan_.rate)), context.waker);
    return Pulled{.what = Pulled::What::nothing_yet, .batch = std::nullopt, .position = {}};
  }

 private:
  std::int64_t event_of(std::int64_t row) const { return nexmark_event(plan_.kind, first_ + row * plan_.step()); }

  /// How many of the split's rows the clock has brought that are not yet given.
  std::int64_t due(const Context& context) {
    if (!plan_.rate) return batch_rows_;
    const auto now = context.clock->now();
    if (!begun_) begun_ = now;
    const auto brought = std::floor(static_cast<double>(now - *begun_) * *plan_.rate / 1e9 + 1e-6);
    const auto events = begun_at_event_ + static_cast<std::int64_t>(std::min(brought, 1e18));
    const auto of_kind = nexmark_rows(plan_.kind, events) - first_;
    return (std::max<std::int64_t>(of_kind, 0) + plan_.step() - 1) / plan_.step() - done_;
  }

  Result<Pulled> rows(std::int64_t count) {
    Header header;
    header.row = plan_.splits ? done_ : first_ + done_;
    auto columns = KLEIN_TRY(rows_.rows(first_ + done_ * plan_.step(), plan_.step(), count));
    done_ += count;
    return Pulled{Pulled::What::rows, Batch(std::move(columns), std::move(header)), to_position(done_)};
  }

  const NexmarkRows& rows_;
  const Plan plan_;
  const std::int64_t first_, count_;
  std::int64_t done_;
  const std::int64_t begun_at_event_, batch_rows_;
  std::optional<std::int64_t> begun_;
};

NexmarkKind kind_of(const std::string& text) {
  return text == "person" ? NexmarkKind::person : text == "auction" ? NexmarkKind::auction : NexmarkKind::bid;
}

Error not_from(const std::string& what, const std::string& wants, const std::string& got) {
  return Error(Code::invalid, "nexmark's " + what + " is " + wants + ": " + got);
}

Result<NexmarkRecipe> recipe_from(const Params& params) {
  NexmarkRecipe recipe{.kind = kind_of(params.string("kind")),
                       .seed = static_cast<std::uint64_t>(params.int64("seed")),
                       .per_second = params.int64("per_second"),
                       .out_of_order = params.int64("out_of_order")};
  if (recipe.per_second < 1 || recipe.per_second > 1'000'000'000) {
    return not_from("per_second", "events a second of their own time, 1 to 1e9", std::to_string(recipe.per_second));
  }
  if (recipe.out_of_order < 1 || recipe.out_of_order > 1'000'000) {
    return not_from("out_of_order", "how many neighbours are mixed, 1 to 1e6", std::to_string(recipe.out_of_order));
  }
  return recipe;
}

Result<Plan> plan_from(const Params& params) {
  Plan plan{.kind = kind_of(params.string("kind")), .events = {}, .rate = {}, .splits = {}};
  if (!params.is_null("events")) plan.events = params.int64("events");
  if (plan.events.value_or(0) < 0) return not_from("events", "a number, not negative", std::to_string(*plan.events));
  if (!params.is_null("rate")) plan.rate = params.float64("rate");
  if (plan.rate && (!(*plan.rate > 0) || *plan.rate > 1e9)) {
    return not_from("rate", "events a second, above 0 and at most 1e9", std::to_string(*plan.rate));
  }
  if (!params.is_null("splits")) plan.splits = params.int64("splits");
  if (plan.splits && (*plan.splits < 1 || *plan.splits > most_splits)) {
    return not_from("splits", "a number from 1 to " + std::to_string(most_splits), std::to_string(*plan.splits));
  }
  return plan;
}

class Nexmark final : public Source {
 public:
  Nexmark(NexmarkRows rows, Plan plan) : rows_(std::move(rows)), plan_(plan) {}

  static Result<std::unique_ptr<Source>> make(const Params& params) {
    std::optional<std::vector<std::string>> columns;
    if (!params.is_null("columns")) columns = params.strings("columns");
    auto rows = KLEIN_TRY(NexmarkRows::make(KLEIN_TRY(recipe_from(params)), columns));
    return std::make_unique<Nexmark>(std::move(rows), KLEIN_TRY(plan_from(params)));
  }

  bool bounded() const override { return plan_.events.has_value(); }
  Schema schema() const override { return rows_.schema(); }

  Result<std::vector<Split>> splits() const override {
    const auto rows = plan_.rows();
    if (!plan_.splits && !plan_.rate && bounded()) return split_rows("nexmark", rows, rows * rows_.bytes_a_row());
    std::vector<Split> splits;
    for (std::int64_t number = 0; number < plan_.step(); ++number) {
      const auto own = (std::max<std::int64_t>(rows - number, 0) + plan_.step() - 1) / plan_.step();
      splits.push_back({.id = plan_.splits ? "nexmark#" + std::to_string(number) : "nexmark",
                        .position = {},
                        .rows = bounded() ? own : -1,
                        .order = number,
                        .first_row = number});
    }
    return splits;
  }

  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    return std::make_unique<NexmarkReader>(rows_, plan_, split, KLEIN_TRY(from_position(split.position)), size);
  }

 private:
  const NexmarkRows rows_;
  const Plan plan_;
};

std::vector<Param> params() {
  return {
      {.name = "kind",
       .type = ParamType::string,
       .doc = "Which events: of 50, the first is a person, three are auctions, 46 are bids.",
       .choices = {"person", "auction", "bid"}},
      {.name = "events",
       .type = ParamType::int64,
       .doc = "How many events there are, of all kinds; by default without end.",
       .fallback = Value()},
      {.name = "rate",
       .type = ParamType::float64,
       .doc = "Events of all kinds a second, by the clock; by default as fast as they are taken.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "seed", .type = ParamType::int64, .doc = "What is drawn from.", .fallback = 0, .keyword_only = true},
      {.name = "per_second",
       .type = ParamType::int64,
       .doc = "Events of all kinds a second, by `date_time`, which begins on 2015-07-15.",
       .fallback = 10'000,
       .keyword_only = true},
      {.name = "out_of_order",
       .type = ParamType::int64,
       .doc = "So many neighbouring events have their `date_time`s mixed up.",
       .fallback = 1,
       .keyword_only = true},
      {.name = "splits",
       .type = ParamType::int64,
       .doc = "So many readers take turns; by default each reads a range, or one all at a rate or without end.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "columns",
       .type = ParamType::strings,
       .doc = "Those to make; by default all of the kind.",
       .fallback = Value(),
       .keyword_only = true}};
}

}  // namespace

void register_nexmark(Registry& registry) {
  registry.add(SourceKind{
      .name = "nexmark",
      .doc = "Events of the Nexmark benchmark, an auction house, the same for the same seed. All have `event`, their "
             "number from 0, `date_time` and `extra`. A person has `id, name, email_address, credit_card, city, "
             "state`; an auction `id, item_name, description, initial_bid, reserve, expires, seller, category`; a bid "
             "`auction, bidder, price, channel, url`.",
      .params = params(),
      .examples = {{.params = R"({"kind": "person", "events": 51, "columns": ["event", "id"]})",
                    .out = R"([{"event": 0, "id": 1000}, {"event": 50, "id": 1001}])"}},
      .make = Nexmark::make});
}

}  // namespace klein
