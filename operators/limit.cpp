// limit: passes on the first `count` rows, then ends the step, so that whatever feeds it alone stops too.

#include <algorithm>

#include "op/registry.h"

namespace klein {

namespace {

class Limit final : public Operator {
 public:
  explicit Limit(std::int64_t count) : left_(count) {}

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto take = std::min(left_, batch.rows());
    left_ -= take;
    out.emit(take == batch.rows() ? std::move(batch) : batch.slice(0, take));
    return left_ > 0 ? Progress::done : Progress::finished;
  }
  Result<State> snapshot() const override { return State(left_); }
  Result<> restore(const State& state) override {
    const auto* left = state.value.get<std::int64_t>();
    if (!left) return Error(Code::corrupt, "the state of a limit is an integer, not " + kind_of(state.value));
    left_ = *left;
    return {};
  }

 private:
  std::int64_t left_;
};

}  // namespace

void register_limit(Registry& registry) {
  registry.add(OperatorKind{
      .name = "limit",
      .doc =
          "Pass on the first `count` rows, then drop the rest. Which rows come first is only certain where one reader "
          "reads one file.",
      .params = {{.name = "count", .type = ParamType::int64, .doc = "How many rows to pass on."}},
      .examples = {{.params = R"({"count": 2})", .in = "[1, 2, 3]", .out = "[1, 2]", .invariant = "count"},
                   {.params = R"({"count": 5})", .in = "[1, 2, 3]", .out = "[1, 2, 3]"},
                   {.params = R"({"count": 0})", .in = "[1, 2, 3]", .out = "[]"}},
      .max_parallelism = 1,  // one count for all rows
      .stateful = true,
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        const auto count = params.int64("count");
        if (count < 0) return Error(Code::invalid, "'count' must not be negative: " + std::to_string(count));
        return inputs.front();
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Limit>(params.int64("count"));
      },
      .required = [](const Params&, const Columns& wanted) { return wanted; },
      .prefix = [](const Params& params) { return params.int64("count"); },
      .merge = [](const Params& params, const std::string& next_kind, const Params& next) -> std::optional<Params> {
        if (next_kind != "limit") return std::nullopt;
        return params.with("count", std::min(params.int64("count"), next.int64("count")));
      }});
}

}  // namespace klein
