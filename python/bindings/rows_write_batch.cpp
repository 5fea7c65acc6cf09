// The rows as a record batch, of the types that were declared or seen first.

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/compute.h"
#include "rows_write.h"

namespace klein::py {

namespace {

/// `column` as `type`; a value that it can't hold is an error.
Result<std::shared_ptr<arrow::Array>> cast_to(const std::shared_ptr<arrow::Array>& column,
                                              const std::shared_ptr<arrow::DataType>& type, const std::string& name) {
  if (column->type()->Equals(*type)) return column;
  initialize_compute();
  auto made = arrow::compute::Cast(*column, type, arrow::compute::CastOptions::Safe());
  if (made.ok()) return *std::move(made);
  return to_error(made.status(), Code::invalid).while_doing("column '" + name + "', to be " + klein::text(*type));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> to_record_batch(Fields& fields, const Schema* wanted, const Schema* input) {
  const auto rows = fields.rows();
  auto made = KLEIN_TRY(fields.finish());
  for (std::size_t i = 0; i < made.columns.size(); ++i) {
    const auto& name = made.fields[i]->name();
    const auto null = made.columns[i]->type_id() == arrow::Type::NA;
    const auto* like = wanted ? wanted : null ? input : nullptr;
    if (!like || !like->has(name)) continue;
    const auto field = like->arrow()->GetFieldByName(name);
    if (!wanted && arrow::is_nested(field->type()->id())) continue;
    made.columns[i] = KLEIN_TRY(cast_to(made.columns[i], field->type(), name));
    made.fields[i] = wanted ? field : arrow::field(name, field->type());
  }
  return arrow::RecordBatch::Make(arrow::schema(made.fields), rows, std::move(made.columns));
}

}  // namespace klein::py
