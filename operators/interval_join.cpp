// interval_join: rows of two flows whose keys are equal and whose times are close. Both may be without end: what is
// kept of a side is what partners of may still come, as the time of the events says.

#include <array>

#include "base/duration.h"
#include "op/registry.h"
#include "operators/fired.h"
#include "operators/interval_side.h"
#include "operators/join_output.h"

namespace klein {

namespace {

/// The parameters, understood: a left row at t has partners from t + lowest to t + highest, nanoseconds.
struct Asked {
  Joined joined;
  std::array<std::string, 2> times;
  std::int64_t lowest = 0, highest = 0;

  /// How far before the time of the step's input its output may be.
  std::int64_t behind() const { return std::max<std::int64_t>({0, highest, -lowest}); }
};

Result<Asked> asked(const Params& params) {
  Asked made{.joined = KLEIN_TRY(Joined::of(params)), .times = {}};
  const auto within = params.strings("within");
  if (within.size() != 2)
    return Error(Code::invalid,
                 "within= is two durations: how much earlier and how much later a partner's time is, "
                 "(\"-5s\", \"10s\")");
  made.lowest = KLEIN_TRY(signed_duration_from(within[0]));
  made.highest = KLEIN_TRY(signed_duration_from(within[1]));
  if (made.lowest > made.highest)
    return Error(
        Code::invalid, "within= goes from the earliest to the latest, not from " + within[0] + " to " + within[1]);
  for (const std::size_t side : {0U, 1U}) {
    const std::string name = side == 0 ? "time" : "right_time";
    if (params.is_null(name))
      return Error(Code::invalid, std::string("a join within a time needs the column of the events' time of the ") +
                                      (side == 0 ? "first" : "second") +
                                      " flow: put with_event_time(...) before it, or name it by " + name + "=");
    made.times[side] = params.string(name);
  }
  return made;
}

class IntervalJoining final : public Operator {
 public:
  IntervalJoining(Asked asked, const Schemas& inputs)
      : asked_(std::move(asked)),
        output_(asked_.joined, inputs),
        sides_{IntervalSide(asked_.joined.left_keys, asked_.times[0], asked_.highest),
               IntervalSide(asked_.joined.right_keys, asked_.times[1], -asked_.lowest)} {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int port, Batch batch, Output& out) override {
    KLEIN_TRY(begin(static_cast<std::size_t>(port), std::move(batch), out));
    return resume(out);
  }

  Result<Progress> on_watermark(Watermark watermark, Output& out) override {
    fired_.advance(watermark.time);
    if (!watermark.is_end()) to_send_ = held_back(watermark);
    return resume(out);
  }

  /// Goes on with the rows that look for partners, then with those that are over.
  Result<Progress> resume(Output& out) override {
    while (probe_) {
      if (out.full()) return Progress::more;
      KLEIN_TRY(look_up(out));
    }
    for (const std::size_t side : {0U, 1U}) {
      while (const auto alone = sides_[side].take_over(fired_.now(), joined_at_once)) {
        if (gives_alone(side)) KLEIN_TRY(give_rows(side, *alone, out));
        if (out.full()) return Progress::more;
      }
      KLEIN_TRY(sides_[side].tidy());
    }
    if (to_send_) out.emit(*std::exchange(to_send_, std::nullopt));
    return Progress::done;
  }

  Result<State> snapshot() const override {
    State state;
    state.tables["left"] = KLEIN_TRY(sides_[0].save());
    state.tables["right"] = KLEIN_TRY(sides_[1].save());
    state.tables["fired"] = KLEIN_TRY(fired_.save(context_->task, context_->parallelism));
    std::erase_if(state.tables, [](const auto& table) { return table.second.empty(); });
    return state;
  }

  Result<> restore(const State& state) override {
    for (const auto& [name, rows] : state.tables) {
      if (name == "fired") fired_.restore(rows);
      if (name == "left") KLEIN_TRY(sides_[0].load(rows));
      if (name == "right") KLEIN_TRY(sides_[1].load(rows));
    }
    return {};
  }

 private:
  /// Rows that look for partners among those of the other side, before they are kept themselves.
  struct Probe {
    std::size_t side;
    Batch batch;
    IntervalSide::Read read;
    std::vector<bool> matched;
    std::int64_t row = 0;
  };

  /// What is late leaves: a row that has partners among rows that have been given up.
  Result<> begin(std::size_t side, Batch batch, Output& out) {
    auto read = KLEIN_TRY(sides_[side].read(batch));
    std::vector<std::int64_t> late, on_time;
    for (std::size_t row = 0; row < read.times.size(); ++row) {
      auto& to = read.times[row] < fired_.of(read.keys.group(row)) ? late : on_time;
      to.push_back(static_cast<std::int64_t>(row));
    }
    if (!late.empty()) {
      const auto& other = sides_[1 - side].rows().schema();
      KLEIN_TRY(output_.give_alone(static_cast<int>(side), batch, late, other, out, Port::late));
      batch = KLEIN_TRY(batch.pick(on_time));
      read = KLEIN_TRY(sides_[side].read(batch));
    }
    std::vector<bool> matched(on_time.size());
    probe_ = Probe{side, std::move(batch), std::move(read), std::move(matched)};
    return {};
  }

  Result<> look_up(Output& out) {
    auto& [side, batch, read, matched, next] = *probe_;
    auto& others = sides_[1 - side];
    Pairs pairs;
    std::vector<std::int64_t> found, left_only;  // left_only: left rows that have got their first partner
    for (; next < batch.rows() && pairs.size() < joined_at_once; ++next) {
      const auto row = static_cast<std::size_t>(next);
      if (!read.without.empty() && read.without[row]) continue;
      const auto time = read.times[row];
      found.clear();
      others.find(read.keys[row], read.keys.hash(row), earliest(side, time), latest(side, time), found);
      matched[row] = !found.empty();
      if (side == 0 && matched[row]) left_only.push_back(next);
      for (const auto partner : found) {
        pairs.add(next, partner);
        if (others.match(partner) && side == 1) left_only.push_back(partner);
      }
    }
    KLEIN_TRY(give(pairs, std::move(left_only), out));
    if (next < batch.rows()) return {};
    KLEIN_TRY(sides_[side].add(batch, read, matched));
    probe_.reset();
    return {};
  }

  std::int64_t earliest(std::size_t side, std::int64_t time) const {
    return later(time, side == 0 ? asked_.lowest : -asked_.highest);
  }
  std::int64_t latest(std::size_t side, std::int64_t time) const {
    return later(time, side == 0 ? asked_.highest : -asked_.lowest);
  }

  Result<> give(const Pairs& pairs, std::vector<std::int64_t> left_only, Output& out) {
    const auto side = probe_->side;
    if (!asked_.joined.gives_left_only())
      return output_.give_pairs(static_cast<int>(side), probe_->batch, sides_[1 - side].rows(), pairs, out);
    if (asked_.joined.how == "anti") return {};
    if (side == 0) return output_.give_alone(0, probe_->batch, left_only, std::nullopt, out);
    std::sort(left_only.begin(), left_only.end());
    return give_rows(0, left_only, out);
  }

  bool gives_alone(std::size_t side) const {
    const auto& joined = asked_.joined;
    return side == 0 ? joined.keeps_left() || joined.how == "anti" : joined.keeps_right();
  }

  /// Rows that are kept, by their numbers in ascending order, with nothing of the other side.
  Result<> give_rows(std::size_t side, const std::vector<std::int64_t>& rows, Output& out) {
    const auto& kept = sides_[side].rows();
    const auto by_part = kept.by_part(rows);
    for (std::size_t place = 0; place < by_part.size(); ++place)
      KLEIN_TRY(output_.give_alone(
          static_cast<int>(side), kept.parts()[place].rows, by_part[place], sides_[1 - side].rows().schema(), out));
    return {};
  }

  /// A pair's older row may be so much behind the newer one.
  Watermark held_back(Watermark watermark) const {
    watermark.time = later(watermark.time, -asked_.behind());
    return watermark;
  }

  const Asked asked_;
  JoinOutput output_;
  std::array<IntervalSide, 2> sides_;
  const Context* context_ = nullptr;
  Fired fired_;
  std::optional<Probe> probe_;
  std::optional<Watermark> to_send_;
};

std::vector<Param> params() {
  auto all = Joined::params();
  all.push_back({.name = "within",
                 .type = ParamType::strings,
                 .doc = "How much earlier and how much later than a row of the first flow its partner's time is, both "
                        "included: (\"-5s\", \"10s\").",
                 .keyword_only = true});
  all.push_back({.name = "time",
                 .type = ParamType::string,
                 .doc = "The column of the events' time in the first flow.",
                 .fallback = Value(),
                 .keyword_only = true});
  all.push_back({.name = "right_time",
                 .type = ParamType::string,
                 .doc = "The same in the second flow.",
                 .fallback = Value(),
                 .keyword_only = true});
  return all;
}

std::vector<Example> examples() {
  const std::string rows = R"([[{"k": 1, "at": 10000, "x": 1}, {"k": 1, "at": 20000, "x": 2},
                                {"k": null, "at": 10000, "x": 3}],
                               [{"k": 1, "t": 5000, "y": 1}, {"k": 1, "t": 12000, "y": 2}, {"k": 1, "t": 12001, "y": 3},
                                {"k": 2, "t": 10000, "y": 4}]])";
  const auto way = [&](const std::string& how, const std::string& out) {
    return Example{
        .params = R"({"on": "k", "within": ["-5s", "2s"], "time": "at", "right_time": "t", "how": ")" + how + R"("})",
        .in = rows,
        .out = "[" + out + "]"};
  };
  const std::string both = R"({"k": 1, "at": 10000, "x": 1, "t": 5000, "y": 1},
                              {"k": 1, "at": 10000, "x": 1, "t": 12000, "y": 2})";
  const std::string left = R"({"k": 1, "at": 20000, "x": 2, "t": null, "y": null},
                              {"k": null, "at": 10000, "x": 3, "t": null, "y": null})";
  const std::string right = R"({"k": 1, "at": null, "x": null, "t": 12001, "y": 3},
                               {"k": 2, "at": null, "x": null, "t": 10000, "y": 4})";
  return {way("inner", both),
          way("left", both + ", " + left),
          way("right", both + ", " + right),
          way("full", both + ", " + left + ", " + right),
          way("semi", R"({"k": 1, "at": 10000, "x": 1})"),
          way("anti", R"({"k": 1, "at": 20000, "x": 2}, {"k": null, "at": 10000, "x": 3})")};
}

}  // namespace

void register_interval_join(Registry& registry) {
  registry.add(OperatorKind{
      .name = "interval_join",
      .doc =
          "Rows of this flow and of a second one whose keys are equal and whose times are close. Both may be without "
          "end; each is kept as long as partners of its rows may come. Null equals nothing.",
      .params = params(),
      .examples = examples(),
      .inputs = 2,
      .deterministic = false,
      .stateful = true,
      .makes_time = true,
      .ports = {Port::main, Port::late},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        const auto made = KLEIN_TRY(asked(params));
        for (const std::size_t side : {0U, 1U}) {
          if (inputs[side]) KLEIN_TRY(TimeColumn::make(*inputs[side], made.times[side]));
        }
        return JoinColumns::schema(made.joined, inputs);
      },
      .make = [](const Params& params, const Schemas& inputs) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<IntervalJoining>(KLEIN_TRY(asked(params)), inputs);
      },
      .keys = [](const Params& params, int port) { return Joined::of(params)->keys(port); }});
}

}  // namespace klein
