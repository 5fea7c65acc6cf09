// range: the integers from `start` up to `stop`, or the first `count` of them, as the column `id`.

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <limits>

#include "connectors/rows.h"
#include "op/registry.h"

namespace klein {

namespace {

const Schema& range_schema() {
  static const Schema schema(arrow::schema({arrow::field("id", arrow::int64(), /*nullable=*/false)}));
  return schema;
}

class RangeReader final : public SplitReader {
 public:
  RangeReader(std::int64_t start, std::int64_t step, RowRange range, std::int64_t done, ReadSize size)
      : start_(start), step_(step), range_(range), done_(done), batch_rows_(rows_within(size, 8, 1)) {}

  Result<Pulled> pull(const Context&) override {
    if (done_ >= range_.count) return Pulled{};
    const auto count = std::min(batch_rows_, range_.count - done_);
    const std::shared_ptr<arrow::Buffer> buffer = KLEIN_ARROW(arrow::AllocateBuffer(count * 8));
    auto* values = reinterpret_cast<std::int64_t*>(buffer->mutable_data());
    const auto first = range_.first + done_;
    for (std::int64_t i = 0; i < count; ++i) values[i] = start_ + (first + i) * step_;
    Header header;
    header.row = first;
    done_ += count;
    auto columns =
        arrow::RecordBatch::Make(range_schema().arrow(), count, {std::make_shared<arrow::Int64Array>(count, buffer)});
    return Pulled{Pulled::What::rows, Batch(std::move(columns), std::move(header)), to_position(done_)};
  }

 private:
  const std::int64_t start_, step_;
  const RowRange range_;
  std::int64_t done_;
  const std::int64_t batch_rows_;
};

class Range final : public Source {
 public:
  Range(std::int64_t start, std::int64_t step, std::int64_t count) : start_(start), step_(step), count_(count) {}

  static Result<std::unique_ptr<Source>> make(const Params& params) {
    const auto start = params.int64("start"), step = params.int64("step");
    if (params.is_null("count") == params.is_null("stop")) {
      return Error(Code::invalid, "range wants `count` or `stop`, one of the two");
    }
    if (step == 0) return Error(Code::invalid, "range's step must not be 0");
    const auto count = params.is_null("stop") ? params.int64("count") : between(start, params.int64("stop"), step);
    if (count < 0) return Error(Code::invalid, "range's count must not be negative: " + std::to_string(count));
    __int128 last = static_cast<__int128>(start) + static_cast<__int128>(count > 0 ? count - 1 : 0) * step;
    if (last > std::numeric_limits<std::int64_t>::max() || last < std::numeric_limits<std::int64_t>::min()) {
      return Error(Code::invalid, "range leaves the 64-bit integers: start, step and count are too large together");
    }
    return std::make_unique<Range>(start, step, count);
  }

  bool bounded() const override { return true; }
  Schema schema() const override { return range_schema(); }
  Result<std::vector<Split>> splits() const override { return split_rows("range", count_, count_ * 8); }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    const auto done = KLEIN_TRY(from_position(split.position));
    return std::make_unique<RangeReader>(start_, step_, RowRange{split.first_row, split.rows}, done, size);
  }

 private:
  static std::int64_t between(std::int64_t start, std::int64_t stop, std::int64_t step) {
    const auto distance = static_cast<__int128>(stop) - start;
    if ((distance > 0) != (step > 0) || distance == 0) return 0;
    const auto count = (distance + step + (step > 0 ? -1 : 1)) / step;
    return static_cast<std::int64_t>(std::min<__int128>(count, std::numeric_limits<std::int64_t>::max()));
  }

  const std::int64_t start_, step_, count_;
};

}  // namespace

void register_range(Registry& registry) {
  registry.add(SourceKind{
      .name = "range",
      .doc =
          "The integers from `start`, `step` apart, as the int64 column `id`: `count` of them, or those before `stop`.",
      .params =
          {{.name = "count", .type = ParamType::int64, .doc = "How many rows.", .fallback = Value()},
           {.name = "start", .type = ParamType::int64, .doc = "The first one.", .fallback = 0, .keyword_only = true},
           {.name = "stop",
            .type = ParamType::int64,
            .doc = "Where to end, in place of `count`; not included.",
            .fallback = Value(),
            .keyword_only = true},
           {.name = "step",
            .type = ParamType::int64,
            .doc = "From one to the next.",
            .fallback = 1,
            .keyword_only = true}},
      .examples = {{.params = R"({"count": 3})", .out = R"([{"id": 0}, {"id": 1}, {"id": 2}])"},
                   {.params = R"({"start": 5, "stop": 0, "step": -2})", .out = R"([{"id": 5}, {"id": 3}, {"id": 1}])"},
                   {.params = R"({"start": 2, "stop": 2})", .out = "[]"}},
      .make = Range::make});
}

}  // namespace klein
