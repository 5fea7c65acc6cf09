// union: the rows of all inputs, in no order between them.

#include "operators/same_columns.h"

namespace klein {

namespace {

class Union final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output& out) override {
    KLEIN_TRY(columns_.check(batch));
    out.emit(std::move(batch));
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
      .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Union>();
      }});
}

}  // namespace klein
