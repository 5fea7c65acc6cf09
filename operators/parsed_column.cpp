#include "operators/parsed_column.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace klein {

Result<ParsedColumn> ParsedColumn::make(const Schema& input, const std::string& column, const Schema& parsed) {
  const auto place = KLEIN_TRY(input.index(column));
  const auto& type = *input.arrow()->field(place)->type();
  if (type.id() != arrow::Type::BINARY && type.id() != arrow::Type::STRING) {
    return Error(Code::invalid, "'" + column + "' is " + text(type) + "; what is parsed is text or bytes");
  }
  auto fields = input.arrow()->fields();
  fields.erase(fields.begin() + place);
  for (const auto& name : parsed.names()) {
    if (name != column && input.has(name)) {
      return Error(
          Code::invalid, "there is a column '" + name + "' beside '" + column + "' already; rename or drop it first");
    }
  }
  fields.insert(fields.begin() + place, parsed.arrow()->fields().begin(), parsed.arrow()->fields().end());
  return ParsedColumn(place, Schema(arrow::schema(std::move(fields))));
}

std::shared_ptr<arrow::BinaryArray> ParsedColumn::of(const Batch& batch) const {
  auto data = batch.columns()->column_data(place_)->Copy();
  data->type = arrow::binary();
  return std::make_shared<arrow::BinaryArray>(std::move(data));
}

Result<Batch> ParsedColumn::replaced(const Batch& batch, const std::vector<std::int64_t>& origin,
                                     const arrow::RecordBatch& parsed) const {
  bool all = static_cast<std::int64_t>(origin.size()) == batch.rows();
  for (std::size_t i = 0; all && i < origin.size(); ++i) all = origin[i] == static_cast<std::int64_t>(i);
  const auto kept = all ? batch : KLEIN_TRY(batch.pick(origin));
  auto columns = kept.columns()->columns();
  columns.erase(columns.begin() + place_);
  columns.insert(columns.begin() + place_, parsed.columns().begin(), parsed.columns().end());
  return kept.with(arrow::RecordBatch::Make(output_.arrow(), parsed.num_rows(), std::move(columns)));
}

}  // namespace klein
