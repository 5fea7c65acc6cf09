// union: the rows of all inputs, in no order between them.

#include "operators/same_columns.h"

namespace klein {

namespace {

class Union final : public Operator {
 public:
  explicit Union(SameColumns columns) : columns_(std::move(columns)) {}
  Result<Progress> process(int, Batch batch, Output& out) override {
    out.emit(KLEIN_TRY(columns_.conform(std::move(batch))));
    return Progress::done;
  }

 private:
  SameColumns columns_;
};

}  // namespace

void register_union(Registry& registry) {
  registry.add(OperatorKind{
      .name = "union",
      .doc = "The rows of this flow and of others with the same columns, in no order between them.",
      .examples = {{.in = R"([[{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 3}], []])",
                    .out = R"([{"id": 1}, {"id": 2}, {"id": 2}, {"id": 3}])",
                    .types = "id: int64"}},
      .inputs = -1,
      .lane = Lane::light,
      .schema = [](const Params&, const Schemas& inputs) { return same_columns(inputs); },
      .make = [](const Params&, const Schemas& inputs) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Union>(KLEIN_TRY(SameColumns::make(inputs)));
      }});
}

}  // namespace klein
