// join: rows of two flows whose keys are equal. The second flow is taken whole first, as a table; then the rows of the
// first one, which may be without end, go past it. Those that come before are held.

#include <arrow/record_batch.h>

#include <deque>

#include "op/registry.h"
#include "operators/join_output.h"
#include "state/key_table.h"

namespace klein {

namespace {

constexpr std::int64_t none = -1;

/// The second flow's rows, and those of each key in the order in which they came.
class JoinTable {
 public:
  explicit JoinTable(std::vector<std::string> keys) : keys_(std::move(keys)) {}

  Result<> add(const Batch& batch, const std::vector<bool>& matched = {}) {
    KLEIN_TRY(rows_.add(batch));
    const auto codec = KLEIN_TRY(KeyCodec::make(batch.schema(), keys_));
    const auto keys = KLEIN_TRY(codec.encode(batch));
    const auto without = without_key(batch, keys_);
    for (std::size_t row = 0; row < keys.size(); ++row) {
      const auto number = static_cast<std::int64_t>(next_.size());
      next_.push_back(none);
      matched_.push_back(!matched.empty() && matched[row]);
      if (!without.empty() && without[row]) continue;
      const auto key = index_.add(keys[row], keys.hash(row));
      if (key == first_.size()) {
        first_.push_back(number);
        last_.push_back(number);
      } else {
        next_[static_cast<std::size_t>(last_[key])] = number;
        last_[key] = number;
      }
    }
    return {};
  }

  std::int64_t first(std::string_view key, std::uint64_t hash) const {
    const auto found = index_.find(key, hash);
    return found ? first_[*found] : none;
  }
  std::int64_t next(std::int64_t row) const { return next_[static_cast<std::size_t>(row)]; }
  void match(std::int64_t row) { matched_[static_cast<std::size_t>(row)] = true; }
  const JoinRows& rows() const { return rows_; }
  std::vector<bool> matched(const JoinRows::Part& part) const {
    const auto begin = matched_.begin() + part.first;
    return {begin, begin + part.rows.rows()};
  }

 private:
  const std::vector<std::string> keys_;
  JoinRows rows_;
  KeyTable index_;
  std::vector<std::int64_t> first_, last_;  // of each key
  std::vector<std::int64_t> next_;          // of each row, of the same key
  std::vector<bool> matched_;
};

class Joining final : public Operator {
 public:
  Joining(Joined joined, const Schemas& inputs)
      : joined_(std::move(joined)), output_(joined_, inputs), table_(joined_.right_keys) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int port, Batch batch, Output& out) override {
    if (port == 1) {
      KLEIN_TRY(table_.add(batch));
      return Progress::done;
    }
    waiting_.push_back(std::move(batch));
    return whole_ ? resume(out) : Progress::done;
  }

  Result<Progress> on_watermark(Watermark watermark, Output& out) override {
    whole_ = whole_ || watermark.is_end() || (context_->ended & 2U) != 0;
    ended_ = ended_ || watermark.is_end();
    return whole_ ? resume(out) : Progress::done;
  }

  /// Rows that wait, then those of the table that have found no partner; some of them.
  Result<Progress> resume(Output& out) override {
    while (!waiting_.empty()) {
      if (out.full()) return Progress::more;
      KLEIN_TRY(look_up(waiting_.front(), out));
    }
    for (; ended_ && joined_.keeps_right() && left_over_ < table_.rows().parts().size(); ++left_over_) {
      if (out.full()) return Progress::more;
      KLEIN_TRY(give_left_over(table_.rows().parts()[left_over_], out));
    }
    return Progress::done;
  }

  Result<State> snapshot() const override {
    State state;
    for (const auto& part : table_.rows().parts()) {
      const auto codec = KLEIN_TRY(KeyCodec::make(part.rows.schema(), joined_.right_keys));
      state.tables["table"].push_back(KLEIN_TRY(save_rows(part.rows, codec, table_.matched(part))));
    }
    for (const auto& batch : waiting_) {
      const auto codec = KLEIN_TRY(KeyCodec::make(batch.schema(), joined_.left_keys));
      state.tables["held"].push_back(KLEIN_TRY(save_rows(batch, codec, {})));
    }
    return state;
  }

  Result<> restore(const State& state) override {
    if (const auto found = state.tables.find("table"); found != state.tables.end()) {
      for (const auto& batch : found->second) {
        const auto loaded = KLEIN_TRY(LoadedRows::read(batch));
        KLEIN_TRY(table_.add(loaded.rows, loaded.matched));
      }
    }
    if (const auto found = state.tables.find("held"); found != state.tables.end()) {
      for (const auto& batch : found->second) waiting_.push_back(KLEIN_TRY(LoadedRows::read(batch)).rows);
    }
    return {};
  }

 private:
  /// Goes on with the first batch that waits, from `row_` on, until enough has come together.
  Result<> look_up(const Batch& batch, Output& out) {
    if (row_ == 0) KLEIN_TRY(begin(batch));
    Pairs pairs;
    std::vector<std::int64_t> alone;
    for (; row_ < batch.rows() && pairs.size() < joined_at_once; ++row_) {
      const auto row = static_cast<std::size_t>(row_);
      const bool has_key = without_.empty() || !without_[row];
      auto partner = has_key ? table_.first(keys_[row], keys_.hash(row)) : none;
      const bool any = partner != none;
      if (joined_.gives_left_only()) {
        if (any == (joined_.how == "semi")) alone.push_back(row_);
        continue;
      }
      if (!any && joined_.keeps_left()) alone.push_back(row_);
      for (; partner != none; partner = table_.next(partner)) {
        pairs.add(row_, partner);
        table_.match(partner);
      }
    }
    KLEIN_TRY(output_.give_pairs(0, batch, table_.rows(), pairs, out));
    KLEIN_TRY(output_.give_alone(0, batch, alone, table_.rows().schema(), out));
    if (row_ < batch.rows()) return {};
    row_ = 0;
    waiting_.pop_front();
    return {};
  }

  Result<> begin(const Batch& batch) {
    const auto codec = KLEIN_TRY(KeyCodec::make(batch.schema(), joined_.left_keys));
    keys_ = KLEIN_TRY(codec.encode(batch));
    without_ = without_key(batch, joined_.left_keys);
    left_ = batch.schema();
    return {};
  }

  Result<> give_left_over(const JoinRows::Part& part, Output& out) {
    std::vector<std::int64_t> rows;
    const auto matched = table_.matched(part);
    for (std::int64_t row = 0; row < part.rows.rows(); ++row) {
      if (!matched[static_cast<std::size_t>(row)]) rows.push_back(row);
    }
    return output_.give_alone(1, part.rows, rows, left_, out);
  }

  const Joined joined_;
  JoinOutput output_;
  std::optional<Schema> left_;  // of the rows that came
  const Context* context_ = nullptr;
  JoinTable table_;
  std::deque<Batch> waiting_;
  bool whole_ = false, ended_ = false;  // the table; all
  std::int64_t row_ = 0;                // of the first that waits
  Keys keys_;
  std::vector<bool> without_;
  std::size_t left_over_ = 0;
};

std::vector<Example> examples() {
  const std::string rows = R"([[{"id": 1, "x": 10}, {"id": 2, "x": 20}, {"id": null, "x": 30}],
                               [{"id": 2, "x": 7}, {"id": 2, "x": 8}, {"id": 3, "x": 9}]])";
  const auto way = [&](const std::string& how, const std::string& out) {
    return Example{.params = R"({"on": "id", "how": ")" + how + R"("})", .in = rows, .out = out};
  };
  const std::string both = R"({"id": 2, "x": 20, "x_right": 7}, {"id": 2, "x": 20, "x_right": 8})";
  const std::string left = R"({"id": 1, "x": 10, "x_right": null}, {"id": null, "x": 30, "x_right": null})";
  const std::string right = R"({"id": 3, "x": null, "x_right": 9})";
  return {way("inner", "[" + both + "]"),
          way("left", "[" + both + ", " + left + "]"),
          way("right", "[" + both + ", " + right + "]"),
          way("full", "[" + both + ", " + left + ", " + right + "]"),
          way("semi", R"([{"id": 2, "x": 20}])"),
          way("anti", R"([{"id": 1, "x": 10}, {"id": null, "x": 30}])"),
          {.params = R"({"on": ["a", "b"], "right_on": ["c", "d"]})",
           .in = R"([[{"a": 1, "b": "u", "x": true}], [{"c": 1, "d": "u", "y": 5}, {"c": 1, "d": "v", "y": 6}]])",
           .out = R"([{"a": 1, "b": "u", "x": true, "y": 5}])"}};
}

}  // namespace

void register_join(Registry& registry) {
  registry.add(OperatorKind{
      .name = "join",
      .doc = "Rows of this flow and of a second one whose keys are equal. The second is read whole and kept in memory; "
             "this one may be without end. Null equals nothing.",
      .params = Joined::params(),
      .examples = examples(),
      .inputs = 2,
      .deterministic = false,
      .stateful = true,
      .first_port = 1,
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        return JoinColumns::schema(KLEIN_TRY(Joined::of(params)), inputs);
      },
      .make = [](const Params& params, const Schemas& inputs) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Joining>(KLEIN_TRY(Joined::of(params)), inputs);
      },
      .keys = [](const Params& params, int port) { return Joined::of(params)->keys(port); },
      .must_end =
          [](const Params& params) {
            const auto joined = Joined::of(params);
            return joined.ok() && joined->keeps_right() ? std::vector<int>{1, 0} : std::vector<int>{1};
          }});
}

}  // namespace klein
