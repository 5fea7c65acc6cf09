#include "op/output_schema.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/compute.h"

namespace klein {

namespace {

/// Whether `from` is `to` but for parts that have had no value so far.
bool lacks_only_values(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.Equals(to) || from.id() == arrow::Type::NA) return true;
  if (from.id() != to.id() || from.num_fields() != to.num_fields() || from.num_fields() == 0) return false;
  for (int i = 0; i < from.num_fields(); ++i) {
    if (from.field(i)->name() != to.field(i)->name()) return false;
    if (!lacks_only_values(*from.field(i)->type(), *to.field(i)->type())) return false;
  }
  return true;
}

bool fits(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == arrow::Type::INT64 && to.id() == arrow::Type::DOUBLE) return true;
  return lacks_only_values(from, to);
}

Result<std::shared_ptr<arrow::Array>> column_as(const std::shared_ptr<arrow::Array>& column, std::int64_t rows,
                                                const std::shared_ptr<arrow::DataType>& type) {
  if (!column || column->type_id() == arrow::Type::NA) return KLEIN_ARROW(arrow::MakeArrayOfNull(type, rows));
  if (column->type()->Equals(*type)) return column;
  initialize_compute();
  return KLEIN_ARROW(arrow::compute::Cast(*column, type, arrow::compute::CastOptions::Safe()));
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
  auto fields = schema_->arrow()->fields();
  for (const auto& name : given.names()) {
    if (!schema_->has(name)) return differs(batch);
  }
  arrow::ArrayVector columns;
  for (auto& field : fields) {
    const auto column = batch.columns()->GetColumnByName(field->name());
    if (column && !fits(*column->type(), *field->type())) {
      if (declared_ || !lacks_only_values(*field->type(), *column->type())) return differs(batch);
      field = field->WithType(column->type());
    }
    columns.push_back(KLEIN_TRY(column_as(column, batch.rows(), field->type())));
  }
  schema_ = Schema(arrow::schema(std::move(fields), schema_->arrow()->metadata()));
  return batch.with(arrow::RecordBatch::Make(schema_->arrow(), batch.rows(), std::move(columns)));
}

}  // namespace klein
