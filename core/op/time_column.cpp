#include "op/time_column.h"

#include <arrow/array/array_primitive.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <limits>

namespace klein {

namespace {

std::int64_t unit_of(const arrow::DataType& type) {
  if (type.id() == arrow::Type::INT64) return 1'000'000;
  switch (static_cast<const arrow::TimestampType&>(type).unit()) {
    case arrow::TimeUnit::SECOND: return 1'000'000'000;
    case arrow::TimeUnit::MILLI: return 1'000'000;
    case arrow::TimeUnit::MICRO: return 1'000;
    case arrow::TimeUnit::NANO: return 1;
  }
  return 1;
}

}  // namespace

Result<TimeColumn> TimeColumn::make(const Schema& schema, const std::string& column) {
  TimeColumn made;
  made.column_ = column;
  made.place_ = KLEIN_TRY(schema.index(column));
  made.type_ = KLEIN_TRY(schema.type(column));
  if (made.type_->id() != arrow::Type::INT64 && made.type_->id() != arrow::Type::TIMESTAMP) {
    return Error(Code::invalid, "'" + column + "' is no time: it is " + text(*made.type_) +
                                    ", and should be a timestamp or int64 milliseconds; use with_columns to make one");
  }
  made.unit_ = unit_of(*made.type_);
  return made;
}

Result<std::vector<std::int64_t>> TimeColumn::read(const Batch& batch) const {
  const auto& column = *batch.columns()->column(place_);
  const auto* values = column.data()->GetValues<std::int64_t>(1);
  std::vector<std::int64_t> instants(static_cast<std::size_t>(batch.rows()));
  const bool any_null = column.null_count() > 0;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (any_null && column.IsNull(row))
      return Error(Code::invalid, "its time '" + column_ + "' is null; filter such rows before")
          .at_row(batch.row_id(row));
    if (__builtin_mul_overflow(values[row], unit_, &instants[static_cast<std::size_t>(row)]))
      return Error(Code::invalid, "its time '" + column_ + "' is before 1678 or after 2262").at_row(batch.row_id(row));
  }
  return instants;
}

Result<std::shared_ptr<arrow::Array>> TimeColumn::write(const std::vector<std::int64_t>& instants) const {
  std::vector<std::int64_t> values;
  values.reserve(instants.size());
  for (const auto instant : instants) values.push_back(instant / unit_ - (instant % unit_ < 0 ? 1 : 0));
  const auto rows = static_cast<std::int64_t>(values.size());
  return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, {nullptr, arrow::Buffer::FromVector(std::move(values))}));
}

}  // namespace klein
