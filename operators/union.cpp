// union: the rows of all inputs, in no order between them. Their schemas must be the same; it casts nothing.

#include "op/by_schema.h"
#include "op/registry.h"

namespace klein {

namespace {

Result<> agree(const Schema& first, const Schema& other) {
  if (first == other) return {};
  return Error(
      Code::invalid, "the inputs of a union must have the same columns, in the same order: one has (" + first.text() +
                         "), another (" + other.text() + "); use select or with_columns before it");
}

class Union final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output& out) override {
    KLEIN_TRY(seen_.get(batch, [this](const Schema& schema) { return agreed(schema); }));
    out.emit(std::move(batch));
    return Progress::done;
  }

 private:
  Result<Schema> agreed(const Schema& schema) {
    if (!schema_) schema_ = schema;
    KLEIN_TRY(agree(*schema_, schema));
    return schema;
  }

  std::optional<Schema> schema_;  // of the first batch
  BySchema<Schema> seen_;
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
      .schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> {
        std::optional<Schema> first;
        bool known = true;
        for (const auto& input : inputs) {
          known = known && input;
          if (!input) continue;
          if (!first) first = input;
          KLEIN_TRY(agree(*first, *input));
        }
        return known ? first : std::nullopt;
      },
      .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Union>();
      }});
}

}  // namespace klein
