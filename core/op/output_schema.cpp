#include "op/output_schema.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/compute.h"

namespace klein {

namespace {

/// The column of `batch` that stands for `field`: nulls where it is absent, real numbers where they are wanted.
Result<std::shared_ptr<arrow::Array>> column_for(const arrow::Field& field, const Batch& batch) {
  auto column = batch.columns()->GetColumnByName(field.name());
  if (!column) return KLEIN_ARROW(arrow::MakeArrayOfNull(arrow::null(), batch.rows()));
  if (column->type_id() != arrow::Type::INT64 || field.type()->id() != arrow::Type::DOUBLE) return column;
  initialize_compute();
  return KLEIN_ARROW(arrow::compute::Cast(*column, field.type(), arrow::compute::CastOptions::Safe()));
}

}  // namespace

Error OutputSchema::differs(const Batch& batch) const {
  const auto got = "the function returned columns (" + batch.schema().text() + "), but ";
  return Error(Code::invalid, declared_ ? got + "its schema is declared as (" + schema_->text() + ")"
                                        : got + "its first output had (" + schema_->text() +
                                              "); return the same columns every time, or declare a schema");
}

Result<Batch> OutputSchema::conform(Batch batch) {
  const Lock lock(mutex_);
  const auto given = batch.schema();
  if (!schema_) schema_ = given;
  if (given == *schema_) return batch;
  for (const auto& name : given.names()) {
    if (!schema_->has(name)) return differs(batch);
  }
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const auto& field : schema_->arrow()->fields()) {
    columns.push_back(KLEIN_TRY(column_for(*field, batch)));
    fields.push_back(field->WithType(columns.back()->type()));
  }
  const auto arranged = batch.with(arrow::RecordBatch::Make(arrow::schema(fields), batch.rows(), std::move(columns)));
  auto both = unified(*schema_, arranged.schema());
  if (!both || (declared_ && !(*both == *schema_))) return differs(batch);
  schema_ = *std::move(both);
  return klein::conform(arranged, *schema_);
}

}  // namespace klein
