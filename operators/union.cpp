// union: the rows of all inputs, in no order between them. Their schemas must be the same; it casts nothing.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "op/by_schema.h"
#include "op/registry.h"

namespace klein {

namespace {

/// The same columns, which may be null where those of one may.
Result<Schema> agreed(const Schema& first, const Schema& other) {
  if (first == other) return first;
  auto fields = first.arrow()->fields();
  bool same = first.names() == other.names();
  for (int i = 0; same && i < first.columns(); ++i) {
    auto& field = fields[static_cast<std::size_t>(i)];
    const auto& second = other.arrow()->field(i);
    same = field->type()->Equals(*second->type());
    if (second->nullable()) field = field->WithNullable(true);
  }
  if (same) return Schema(arrow::schema(std::move(fields), first.arrow()->metadata()));
  return Error(
      Code::invalid, "the inputs of a union must have the same columns, in the same order: one has (" + first.text() +
                         "), another (" + other.text() + "); use select or with_columns before it");
}

/// Of the inputs that are known; nothing: of none.
Result<std::optional<Schema>> agreed(const Schemas& inputs) {
  std::optional<Schema> all;
  for (const auto& input : inputs) {
    if (input) all = all ? KLEIN_TRY(agreed(*all, *input)) : *input;
  }
  return all;
}

bool all_known(const Schemas& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const auto& input) { return input.has_value(); });
}

Schema with_nulls(const Schema& schema) {
  auto fields = schema.arrow()->fields();
  for (auto& field : fields) field = field->WithNullable(true);
  return Schema(arrow::schema(std::move(fields), schema.arrow()->metadata()));
}

class Union final : public Operator {
 public:
  Union(std::optional<Schema> output, bool known) : output_(std::move(output)), known_(known) {}

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto* schema =
        KLEIN_TRY(seen_.get(batch, [this](const Schema& of_batch) -> Result<Schema> { return see(of_batch); }));
    const auto& columns = *batch.columns();
    out.emit(batch.with(arrow::RecordBatch::Make(schema->arrow(), batch.rows(), columns.columns())));
    return Progress::done;
  }

 private:
  /// Of inputs that are not known, any column may be null.
  Result<Schema> see(const Schema& of_batch) {
    if (!known_) output_ = with_nulls(output_ ? *output_ : of_batch);
    KLEIN_TRY(agreed(*output_, of_batch));
    return *output_;
  }

  std::optional<Schema> output_;
  const bool known_;
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
        auto schema = KLEIN_TRY(agreed(inputs));
        return all_known(inputs) ? std::move(schema) : std::nullopt;
      },
      .make = [](const Params&, const Schemas& inputs) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Union>(KLEIN_TRY(agreed(inputs)), all_known(inputs));
      }});
}

}  // namespace klein
