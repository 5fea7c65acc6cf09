#include "operators/fired.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace klein {

Result<std::vector<Batch>> Fired::save(int task, int parallelism) const {
  arrow::Int32Builder groups;
  arrow::Int64Builder times;
  for (int group = 0; group < key_groups; ++group) {
    if (task_of(group, parallelism) != task || of(group) == before_all_time) continue;
    KLEIN_ARROW_OK(groups.Append(group));
    KLEIN_ARROW_OK(times.Append(of(group)));
  }
  const auto rows = groups.length();
  if (rows == 0) return std::vector<Batch>();
  static const auto schema =
      arrow::schema({arrow::field("group", arrow::int32()), arrow::field("time", arrow::int64())});
  return std::vector<Batch>{
      Batch(arrow::RecordBatch::Make(schema, rows, {KLEIN_ARROW(groups.Finish()), KLEIN_ARROW(times.Finish())}))};
}

void Fired::restore(const std::vector<Batch>& rows) {
  for (const auto& batch : rows) {
    const auto& groups = static_cast<const arrow::Int32Array&>(*batch.columns()->column(0));
    const auto& times = static_cast<const arrow::Int64Array&>(*batch.columns()->column(1));
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      by_group_[static_cast<std::size_t>(groups.Value(row))] = times.Value(row);
      latest_restored_ = std::max(latest_restored_, times.Value(row));
    }
  }
}

}  // namespace klein
