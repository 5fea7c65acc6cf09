// unique: the first row that comes of each key passes, at once; the others are dropped. What it remembers are the keys.

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <unordered_map>

#include "base/duration.h"
#include "op/registry.h"
#include "state/keys.h"

namespace klein {

namespace {

constexpr int most_parts = 256;  // snapshots that hold what has come since the one before, and the one that holds all
constexpr std::size_t swept = 4096;  // so many keys are not looked through for those whose time is over

struct ByBytes {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return static_cast<std::size_t>(hash_key(key)); }
};

/// Rows of a state.
class SeenRows {
 public:
  Result<> add(const std::string& key, std::int64_t left) {
    KLEIN_ARROW_OK(groups_.Append(group_of(hash_key(key))));
    KLEIN_ARROW_OK(keys_.Append(key));
    KLEIN_ARROW_OK(left_.Append(left));
    return {};
  }
  Result<Batch> finish() {
    static const auto schema =
        arrow::schema({arrow::field("group", arrow::int32()), arrow::field("key", arrow::binary()),
                       arrow::field("left", arrow::int64())});
    const auto rows = groups_.length();
    return Batch(arrow::RecordBatch::Make(
        schema, rows, {KLEIN_ARROW(groups_.Finish()), KLEIN_ARROW(keys_.Finish()), KLEIN_ARROW(left_.Finish())}));
  }

 private:
  arrow::Int32Builder groups_;
  arrow::BinaryBuilder keys_;
  arrow::Int64Builder left_;
};

class Unique final : public Operator {
 public:
  Unique(std::vector<std::string> columns, std::int64_t ttl) : columns_(std::move(columns)), ttl_(ttl) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto codec = KLEIN_TRY(KeyCodec::make(batch.schema(), columns_.empty() ? batch.schema().names() : columns_));
    const auto keys = KLEIN_TRY(codec.encode(batch));
    const auto now = context_->clock->now();
    sweep(now);
    std::vector<std::int64_t> first;
    for (std::size_t row = 0; row < keys.size(); ++row) {
      if (is_first(keys[row], now)) first.push_back(static_cast<std::int64_t>(row));
    }
    out.emit(static_cast<std::int64_t>(first.size()) == batch.rows() ? std::move(batch) : KLEIN_TRY(batch.pick(first)));
    return Progress::done;
  }

  /// Keys that are never forgotten are told once: behind those that were told before, but for a while.
  Result<State> snapshot() const override {
    State state;
    state.since_last = ttl_ == 0 && told_ > 0 && told_ < most_parts;
    told_ = state.since_last ? told_ + 1 : 1;
    const auto now = context_->clock->now();
    SeenRows rows;
    for (const auto& [key, end] : seen_) {
      if (state.since_last || (ttl_ > 0 && end <= now)) continue;
      KLEIN_TRY(rows.add(key, ttl_ > 0 ? end - now : 0));
    }
    for (const auto* key : state.since_last ? fresh_ : std::vector<const std::string*>()) KLEIN_TRY(rows.add(*key, 0));
    fresh_.clear();
    if (const auto batch = KLEIN_TRY(rows.finish()); batch.rows() > 0) state.tables["seen"] = {batch};
    return state;
  }

  Result<> restore(const State& state) override {
    const auto found = state.tables.find("seen");
    if (found == state.tables.end()) return {};
    const auto now = context_->clock->now();
    for (const auto& batch : found->second) {
      const auto keys = std::dynamic_pointer_cast<arrow::BinaryArray>(batch.columns()->column(1));
      const auto left = std::dynamic_pointer_cast<arrow::Int64Array>(batch.columns()->column(2));
      if (!keys || !left) return Error(Code::corrupt, "the state of unique is keys and how long they have left");
      for (std::int64_t row = 0; row < batch.rows(); ++row) {
        const auto lasts = left->Value(row) > 0 ? left->Value(row) : ttl_;
        seen_[std::string(keys->GetView(row))] = now + lasts;
      }
    }
    return {};
  }

 private:
  bool is_first(std::string_view key, std::int64_t now) {
    const auto found = seen_.find(key);
    if (found == seen_.end()) {
      const auto added = seen_.emplace(key, now + ttl_).first;
      if (ttl_ == 0 && told_ > 0) fresh_.push_back(&added->first);
      return true;
    }
    if (ttl_ == 0 || found->second > now) return false;
    found->second = now + ttl_;
    return true;
  }

  void sweep(std::int64_t now) {
    if (ttl_ == 0 || seen_.size() < sweep_at_) return;
    std::erase_if(seen_, [&](const auto& key) { return key.second <= now; });
    sweep_at_ = std::max(swept, 2 * seen_.size());
  }

  const std::vector<std::string> columns_;
  const std::int64_t ttl_;
  const Context* context_ = nullptr;
  std::unordered_map<std::string, std::int64_t, ByBytes, std::equal_to<>> seen_;  // until when
  std::size_t sweep_at_ = swept;
  mutable int told_ = 0;                           // snapshots since the last that held all; 0: there was none
  mutable std::vector<const std::string*> fresh_;  // keys that came since the last
};

Result<std::int64_t> ttl_of(const Params& params) {
  if (params.is_null("ttl")) return 0;
  const auto ttl = KLEIN_TRY(duration_from(params.string("ttl")));
  if (ttl == 0) return Error(Code::invalid, "ttl= is how long a key is remembered, longer than nothing");
  return ttl;
}

}  // namespace

void register_unique(Registry& registry) {
  registry.add(OperatorKind{
      .name = "unique",
      .doc =
          "Pass on the first row that comes of each different value of the columns, at once. Which one comes first is "
          "only certain where one reader reads all of a value's rows.",
      .params = {{.name = "columns",
                  .type = ParamType::strings,
                  .doc = "The columns whose values are compared; by default all, in one task.",
                  .fallback = Value::List(),
                  .variadic = true},
                 {.name = "ttl",
                  .type = ParamType::string,
                  .doc = "How long a value is remembered, by the clock, since its row passed; by default for ever.",
                  .fallback = Value(),
                  .keyword_only = true}},
      .examples = {{.params = R"({"columns": "k"})",
                    .in = R"([{"k": 1, "x": 5}, {"k": null, "x": 6}, {"k": 1, "x": 7}, {"k": null, "x": 8}])",
                    .out = R"([{"k": 1, "x": 5}, {"k": null, "x": 6}])",
                    .invariant = "count"},
                   {.in = R"([{"k": 1, "x": "a"}, {"k": 1, "x": "b"}, {"k": 1, "x": "a"}])",
                    .out = R"([{"k": 1, "x": "a"}, {"k": 1, "x": "b"}])"}},
      .deterministic = false,
      .stateful = true,
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        KLEIN_TRY(ttl_of(params));
        const auto columns = params.strings("columns");
        if (inputs.front())
          KLEIN_TRY(KeyCodec::make(*inputs.front(), columns.empty() ? inputs.front()->names() : columns));
        return inputs.front();
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Unique>(params.strings("columns"), KLEIN_TRY(ttl_of(params)));
      },
      .keys = [](const Params& params, int) { return params.strings("columns"); }});
}

}  // namespace klein
