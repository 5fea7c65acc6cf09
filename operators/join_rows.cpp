#include "operators/join_rows.h"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>

namespace klein {

namespace {

constexpr std::int64_t part_rows = 64 * 1024, part_bytes = 32 << 20;

Result<Batch> below(const Batch& one, const Batch& other) {
  return Batch(KLEIN_ARROW(arrow::ConcatenateRecordBatches({one.columns(), other.columns()})));
}

}  // namespace

Result<> JoinRows::add(const Batch& batch) {
  auto rows = Batch(batch.columns()->ReplaceSchemaMetadata(nullptr));
  if (!schema_) schema_ = rows.schema();
  if (!(*schema_ == rows.schema())) {
    const auto both = unified(*schema_, rows.schema());
    if (!both)
      return Error(Code::invalid, "its input changed its columns midway: they are (" + rows.schema().text() +
                                      ") now, and were (" + schema_->text() + ")");
    rows = KLEIN_TRY(conform(rows, *both));
    for (auto& part : parts_) part.rows = KLEIN_TRY(conform(part.rows, *both));
    schema_ = both;
  }
  parts_.push_back({size_, std::move(rows)});
  size_ += batch.rows();
  return merge_small();
}

/// A part joins the one before it once it is half as large, so a row is copied a few times at most.
Result<> JoinRows::merge_small() {
  while (parts_.size() > 1) {
    auto& before = parts_[parts_.size() - 2].rows;
    const auto& last = parts_.back().rows;
    const auto rows = before.rows() + last.rows();
    if (before.rows() > 2 * last.rows() || rows > part_rows || before.bytes() + last.bytes() > part_bytes) break;
    before = KLEIN_TRY(below(before, last));
    parts_.pop_back();
  }
  return {};
}

std::size_t JoinRows::part_of(std::int64_t row) const {
  const auto after = std::upper_bound(
      parts_.begin(), parts_.end(), row, [](std::int64_t number, const Part& part) { return number < part.first; });
  return static_cast<std::size_t>(after - parts_.begin()) - 1;
}

std::vector<std::vector<std::int64_t>> JoinRows::by_part(const std::vector<std::int64_t>& rows) const {
  std::vector<std::vector<std::int64_t>> all(parts_.size());
  auto next = rows.begin();
  for (std::size_t place = 0; place < parts_.size(); ++place) {
    const auto first = parts_[place].first, end = first + parts_[place].rows.rows();
    for (; next != rows.end() && *next < end; ++next) all[place].push_back(*next - first);
  }
  return all;
}

Result<Batch> JoinRows::pick(const std::vector<std::int64_t>& rows) const {
  if (parts_.size() == 1) return parts_.front().rows.pick(rows);
  auto sorted = rows;
  std::sort(sorted.begin(), sorted.end());
  const auto of_parts = by_part(sorted);
  std::vector<Batch> picked;
  for (std::size_t place = 0; place < of_parts.size(); ++place) {
    if (!of_parts[place].empty()) picked.push_back(KLEIN_TRY(parts_[place].rows.pick(of_parts[place])));
  }
  std::vector<std::int64_t> places;
  for (const auto row : rows) places.push_back(std::lower_bound(sorted.begin(), sorted.end(), row) - sorted.begin());
  return KLEIN_TRY(concatenate(picked)).pick(places);
}

Result<> JoinRows::keep(const std::vector<std::int64_t>& rows) {
  const auto kept = by_part(rows);
  const auto parts = std::exchange(parts_, {});
  size_ = 0;
  for (std::size_t place = 0; place < parts.size(); ++place) {
    const auto& all = parts[place].rows;
    const auto& own = kept[place];
    if (own.empty()) continue;
    KLEIN_TRY(add(static_cast<std::int64_t>(own.size()) == all.rows() ? all : KLEIN_TRY(all.pick(own))));
  }
  return {};
}

std::vector<bool> without_key(const Batch& batch, const std::vector<std::string>& keys) {
  std::vector<bool> without;
  for (const auto& key : keys) {
    const auto column = batch.columns()->GetColumnByName(key);
    if (!column || column->null_count() == 0) continue;
    without.resize(static_cast<std::size_t>(batch.rows()));
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (column->IsNull(row)) without[static_cast<std::size_t>(row)] = true;
    }
  }
  return without;
}

Result<Batch> save_rows(const Batch& rows, const KeyCodec& codec, const std::vector<bool>& matched) {
  const auto keys = KLEIN_TRY(codec.encode(rows));
  arrow::Int32Builder groups;
  arrow::BooleanBuilder had;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    KLEIN_ARROW_OK(groups.Append(keys.group(row)));
    KLEIN_ARROW_OK(had.Append(!matched.empty() && matched[row]));
  }
  auto fields = rows.columns()->schema()->fields();
  auto columns = rows.columns()->columns();
  fields.insert(fields.begin(), {arrow::field("group", arrow::int32()), arrow::field("matched", arrow::boolean())});
  columns.insert(columns.begin(), {KLEIN_ARROW(groups.Finish()), KLEIN_ARROW(had.Finish())});
  return Batch(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.rows(), std::move(columns)));
}

Result<LoadedRows> LoadedRows::read(const Batch& state) {
  const auto had = std::dynamic_pointer_cast<arrow::BooleanArray>(state.columns()->column(1));
  if (!had) return Error(Code::corrupt, "the second column of a join's state says which rows have had a partner");
  std::vector<bool> matched;
  for (std::int64_t row = 0; row < had->length(); ++row) matched.push_back(had->Value(row));
  auto columns = KLEIN_ARROW(state.columns()->RemoveColumn(1));
  return LoadedRows{Batch(KLEIN_ARROW(columns->RemoveColumn(0))), std::move(matched)};
}

}  // namespace klein
