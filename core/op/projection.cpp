#include "op/projection.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace klein {

Projection::Projection(const Schema& input, std::vector<int> places) : places_(std::move(places)) {
  arrow::FieldVector fields;
  for (const auto place : places_) fields.push_back(input.arrow()->field(place));
  schema_ = Schema(arrow::schema(std::move(fields), input.arrow()->metadata()));
}

Batch Projection::apply(const Batch& batch) const {
  const auto& all = batch.columns()->column_data();
  arrow::ArrayDataVector some;
  some.reserve(places_.size());
  for (const auto place : places_) some.push_back(all[static_cast<std::size_t>(place)]);
  return batch.with(arrow::RecordBatch::Make(schema_.arrow(), batch.rows(), std::move(some)));
}

}  // namespace klein
