#include "operators/same_columns.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace klein {

namespace {

/// `first`, as it has to be to hold rows of `other` too.
Result<Schema> joined(const Schema& first, const Schema& other) {
  auto fields = first.arrow()->fields();
  bool same = first.columns() == other.columns();
  for (int i = 0; same && i < first.columns(); ++i) {
    auto& field = fields[static_cast<std::size_t>(i)];
    const auto& theirs = other.arrow()->field(i);
    same = field->name() == theirs->name() && field->type()->Equals(*theirs->type());
    if (theirs->nullable()) field = field->WithNullable(true);
  }
  if (same) return Schema(arrow::schema(std::move(fields), first.arrow()->metadata()));
  return Error(Code::invalid, "its inputs must have the same columns, in the same order: one has (" + first.text() +
                                  "), another (" + other.text() + "); use select or with_columns before it");
}

Schema nullable(const Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.arrow()->fields()) fields.push_back(field->WithNullable(true));
  return Schema(arrow::schema(std::move(fields), schema.arrow()->metadata()));
}

}  // namespace

Result<std::optional<Schema>> same_columns(const Schemas& inputs) {
  std::optional<Schema> output;
  bool known = true;
  for (const auto& input : inputs) {
    known = known && input;
    if (!input) continue;
    output = output ? KLEIN_TRY(joined(*output, *input)) : *input;
  }
  return known ? output : std::nullopt;
}

Result<SameColumns> SameColumns::make(const Schemas& inputs) {
  SameColumns made;
  made.output_ = KLEIN_TRY(same_columns(inputs));
  return made;
}

Result<Batch> SameColumns::conform(Batch batch) {
  if (!output_) output_ = nullable(batch.schema());
  const auto* is_output = KLEIN_TRY(is_output_.get(batch, [this](const Schema& schema) -> Result<bool> {
    KLEIN_TRY(joined(*output_, schema));
    return schema == *output_;
  }));
  if (*is_output) return batch;
  return batch.with(arrow::RecordBatch::Make(output_->arrow(), batch.rows(), batch.columns()->columns()));
}

}  // namespace klein
