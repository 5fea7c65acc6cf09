// generate: made-up rows from a seed, so that the same row always has the same values. At a rate, rows come by the
// clock, however late they are asked for: what waits has waited.

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <optional>

#include "base/random.h"
#include "connectors/rows.h"
#include "op/registry.h"

namespace klein {

namespace {

const Schema& generate_schema() {
  static const Schema schema(arrow::schema(
      {arrow::field("id", arrow::int64(), /*nullable=*/false), arrow::field("value", arrow::float64(), false)}));
  return schema;
}

struct Recipe {
  std::uint64_t seed = 0;
  std::optional<double> rate;  // rows a second
  std::int64_t count = std::numeric_limits<std::int64_t>::max();
};

/// In [0, 1), by seed and row alone.
double value_of(std::uint64_t seed, std::int64_t row) {
  Random random(seed ^ Random(static_cast<std::uint64_t>(row)).next());
  return static_cast<double>(random.next() >> 11U) * 0x1.0p-53;
}

class GenerateReader final : public SplitReader {
 public:
  GenerateReader(Recipe recipe, RowRange range, std::int64_t done, ReadSize size)
      : recipe_(recipe), range_(range), done_(done), begun_at_row_(done), batch_rows_(rows_within(size, 16, 1)) {}

  Result<Pulled> pull(const Context& context) override {
    if (done_ >= range_.count) return Pulled{};
    const auto count = std::min({batch_rows_, range_.count - done_, due(context)});
    if (count > 0) return rows(count);
    context.timers->wake_at(time_of(done_ + 1), context.waker);
    return Pulled{.what = Pulled::What::nothing_yet, .batch = std::nullopt, .position = {}};
  }

 private:
  /// How many rows the clock has brought that are not yet given.
  std::int64_t due(const Context& context) {
    if (!recipe_.rate) return batch_rows_;
    const auto now = context.clock->now();
    if (!begun_) begun_ = now;
    const auto brought = std::floor(static_cast<double>(now - *begun_) * *recipe_.rate / 1e9 + 1e-6);
    return begun_at_row_ + static_cast<std::int64_t>(std::min(brought, 1e18)) - done_;
  }

  /// When so many rows of the split have come.
  std::int64_t time_of(std::int64_t rows) const {
    return *begun_ +
           static_cast<std::int64_t>(std::ceil(static_cast<double>(rows - begun_at_row_) * 1e9 / *recipe_.rate));
  }

  Result<Pulled> rows(std::int64_t count) {
    const std::shared_ptr<arrow::Buffer> ids = KLEIN_ARROW(arrow::AllocateBuffer(count * 8));
    const std::shared_ptr<arrow::Buffer> values = KLEIN_ARROW(arrow::AllocateBuffer(count * 8));
    auto* id = reinterpret_cast<std::int64_t*>(ids->mutable_data());
    auto* value = reinterpret_cast<double*>(values->mutable_data());
    const auto first = range_.first + done_;
    for (std::int64_t i = 0; i < count; ++i) {
      id[i] = first + i;
      value[i] = value_of(recipe_.seed, first + i);
    }
    Header header;
    header.row = first;
    done_ += count;
    auto columns = arrow::RecordBatch::Make(
        generate_schema().arrow(), count,
        {std::make_shared<arrow::Int64Array>(count, ids), std::make_shared<arrow::DoubleArray>(count, values)});
    return Pulled{Pulled::What::rows, Batch(std::move(columns), std::move(header)), to_position(done_)};
  }

  const Recipe recipe_;
  const RowRange range_;
  std::int64_t done_;
  const std::int64_t begun_at_row_, batch_rows_;
  std::optional<std::int64_t> begun_;
};

class Generate final : public Source {
 public:
  Generate(Recipe recipe, bool bounded) : recipe_(recipe), bounded_(bounded) {}

  static Result<std::unique_ptr<Source>> make(const Params& params) {
    Recipe recipe{.seed = static_cast<std::uint64_t>(params.int64("seed")), .rate = std::nullopt};
    if (!params.is_null("rate")) {
      recipe.rate = params.float64("rate");
      if (!(*recipe.rate > 0) || *recipe.rate > 1e9) {
        return Error(Code::invalid,
                     "generate's rate is rows a second, above 0 and at most 1e9: " + std::to_string(*recipe.rate));
      }
    }
    if (params.is_null("count")) return std::make_unique<Generate>(recipe, false);
    recipe.count = params.int64("count");
    if (recipe.count < 0) {
      return Error(Code::invalid, "generate's count must not be negative: " + std::to_string(recipe.count));
    }
    return std::make_unique<Generate>(recipe, true);
  }

  bool bounded() const override { return bounded_; }
  Schema schema() const override { return generate_schema(); }
  /// Rows by the clock, and rows without end, are one split: there is one order that they come in.
  Result<std::vector<Split>> splits() const override {
    if (bounded_ && !recipe_.rate) return split_rows("generate", recipe_.count, recipe_.count * 16);
    return std::vector<Split>{{.id = "generate", .position = {}, .rows = bounded_ ? recipe_.count : -1}};
  }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    const auto done = KLEIN_TRY(from_position(split.position));
    const auto count = split.rows < 0 ? recipe_.count : split.rows;
    return std::make_unique<GenerateReader>(recipe_, RowRange{split.first_row, count}, done, size);
  }

 private:
  const Recipe recipe_;
  const bool bounded_;
};

}  // namespace

void register_generate(Registry& registry) {
  registry.add(SourceKind{
      .name = "generate",
      .doc = "Made-up rows, the same for the same seed: `id` (int64, from 0) and `value` (float64 in [0, 1)). Without "
             "`count` they never end.",
      .params = {{.name = "count",
                  .type = ParamType::int64,
                  .doc = "How many rows; by default without end.",
                  .fallback = Value()},
                 {.name = "rate",
                  .type = ParamType::float64,
                  .doc = "Rows a second; by default as fast as they are taken.",
                  .fallback = Value(),
                  .keyword_only = true},
                 {.name = "seed",
                  .type = ParamType::int64,
                  .doc = "What the values are made from.",
                  .fallback = 0,
                  .keyword_only = true}},
      .examples = {{.params = R"({"count": 2})",
                    .out = R"([{"id": 0, "value": 0.0}, {"id": 1, "value": 0.0}])",
                    .invariant = "count"}},
      .make = Generate::make});
}

}  // namespace klein
