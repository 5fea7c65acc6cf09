// then: the rows of the first input, and behind the last of them those of the second. The engine gives them so.

#include <algorithm>

#include "operators/same_columns.h"

namespace klein {

namespace {

class Then final : public Operator {
 public:
  explicit Then(SameColumns columns) : columns_(std::move(columns)) {}
  Result<Progress> process(int port, Batch batch, Output& out) override {
    const auto rows = KLEIN_TRY(columns_.conform(std::move(batch)));
    auto header = rows.header();
    if (port == 0)
      behind_ = std::max(behind_, header.split_order + 1);
    else
      header.split_order += behind_;
    out.emit(Batch(rows.columns(), std::move(header)));
    return Progress::done;
  }

  Result<State> snapshot() const override { return State(Value(behind_)); }
  Result<> restore(const State& state) override {
    const auto* behind = state.value.get<std::int64_t>();
    if (!behind) return Error(Code::corrupt, "what it knows of the order of rows is a number");
    behind_ = *behind;
    return {};
  }

 private:
  SameColumns columns_;
  std::int64_t behind_ = 0;  // the order of the first input's splits
};

}  // namespace

void register_then(Registry& registry) {
  registry.add(OperatorKind{
      .name = "then",
      .doc = "The rows of this flow, which ends, and behind the last of them those of another with the same columns, "
             "which may never end: a backlog, then what is live.",
      .examples = {{.in = R"([[{"id": 3}, {"id": 1}], [{"id": 2}]])",
                    .out = R"([{"id": 3}, {"id": 1}, {"id": 2}])",
                    .types = "id: int64"}},
      .inputs = 2,
      .lane = Lane::light,
      .max_parallelism = 1,  // or a row of the second flow could pass one of the first that is still in another task
      .stateful = true,
      .in_turn = true,
      .schema = [](const Params&, const Schemas& inputs) { return same_columns(inputs); },
      .make = [](const Params&, const Schemas& inputs) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Then>(KLEIN_TRY(SameColumns::make(inputs)));
      },
      .must_end = [](const Params&) { return std::vector<int>{0}; }});
}

}  // namespace klein
