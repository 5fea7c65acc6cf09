// Rows of events as columns: a loop a column over the functions that make its values.

#include "connectors/nexmark_events.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "connectors/nexmark_values.h"

namespace klein {

namespace {

constexpr std::int64_t of_fifty = 50, auctions_of_fifty = 3, bids_of_fifty = 46;
constexpr std::int64_t beyond = 8;  // bytes that a text may be written over its end

std::shared_ptr<arrow::DataType> type_of(const NexmarkColumn& column) {
  if (column.text) return arrow::utf8();
  return column.is_time ? arrow::timestamp(arrow::TimeUnit::MILLI) : arrow::int64();
}

Result<std::shared_ptr<arrow::Array>> numbers_of(const NexmarkColumn& column, const NexmarkRecipe& recipe,
                                                 std::int64_t first, std::int64_t step, std::int64_t count) {
  const std::shared_ptr<arrow::Buffer> buffer = KLEIN_ARROW(arrow::AllocateBuffer(count * 8));
  auto* values = reinterpret_cast<std::int64_t*>(buffer->mutable_data());
  for (std::int64_t i = 0; i < count; ++i)
    values[i] = column.number(NexmarkEvent(recipe, nexmark_event(recipe.kind, first + i * step)));
  return arrow::MakeArray(arrow::ArrayData::Make(type_of(column), count, {nullptr, buffer}, 0));
}

Result<std::shared_ptr<arrow::Array>> texts_of(const NexmarkColumn& column, const NexmarkRecipe& recipe,
                                               std::int64_t first, std::int64_t step, std::int64_t count) {
  const std::shared_ptr<arrow::Buffer> ends = KLEIN_ARROW(arrow::AllocateBuffer((count + 1) * 4));
  std::shared_ptr<arrow::ResizableBuffer> bytes =
      KLEIN_ARROW(arrow::AllocateResizableBuffer(count * column.longest + beyond));
  auto* end = reinterpret_cast<std::int32_t*>(ends->mutable_data());
  auto* const begin = reinterpret_cast<char*>(bytes->mutable_data());
  auto* to = begin;
  end[0] = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    to = column.text(NexmarkEvent(recipe, nexmark_event(recipe.kind, first + i * step)), to);
    end[i + 1] = static_cast<std::int32_t>(to - begin);
  }
  KLEIN_ARROW_OK(bytes->Resize(to - begin, /*shrink_to_fit=*/false));
  return std::make_shared<arrow::StringArray>(count, ends, bytes, nullptr, 0);
}

}  // namespace

std::int64_t nexmark_event(NexmarkKind kind, std::int64_t row) {
  switch (kind) {
    case NexmarkKind::person: return row * of_fifty;
    case NexmarkKind::auction: return row / auctions_of_fifty * of_fifty + 1 + row % auctions_of_fifty;
    case NexmarkKind::bid: break;
  }
  return row / bids_of_fifty * of_fifty + 4 + row % bids_of_fifty;
}

std::int64_t nexmark_rows(NexmarkKind kind, std::int64_t events) {
  const auto whole = events / of_fifty, left = events % of_fifty;
  switch (kind) {
    case NexmarkKind::person: return whole + std::min<std::int64_t>(left, 1);
    case NexmarkKind::auction:
      return whole * auctions_of_fifty + std::clamp<std::int64_t>(left - 1, 0, auctions_of_fifty);
    case NexmarkKind::bid: break;
  }
  return whole * bids_of_fifty + std::max<std::int64_t>(left - 4, 0);
}

Result<NexmarkRows> NexmarkRows::make(NexmarkRecipe recipe, const std::optional<std::vector<std::string>>& columns) {
  const auto& all = nexmark_columns(recipe.kind);
  arrow::FieldVector fields;
  for (const auto& column : all) fields.push_back(arrow::field(std::string(column.name), type_of(column), false));
  NexmarkRows made;
  made.recipe_ = recipe;
  made.schema_ = Schema(arrow::schema(fields));
  if (!columns) {
    for (const auto& column : all) made.columns_.push_back(&column);
    return made;
  }
  arrow::FieldVector named;
  for (const auto& name : *columns) {
    const auto place = static_cast<std::size_t>(KLEIN_TRY(made.schema_.index(name)));
    made.columns_.push_back(&all[place]);
    named.push_back(fields[place]);
  }
  made.schema_ = Schema(arrow::schema(named));
  return made;
}

std::int64_t NexmarkRows::bytes_a_row() const {
  std::int64_t bytes = 0;
  for (const auto* column : columns_) bytes += column->longest;
  return bytes;
}

Result<std::shared_ptr<arrow::RecordBatch>> NexmarkRows::rows(std::int64_t first, std::int64_t step,
                                                              std::int64_t count) const {
  arrow::ArrayVector columns;
  for (const auto* column : columns_)
    columns.push_back(KLEIN_TRY((column->text ? texts_of : numbers_of)(*column, recipe_, first, step, count)));
  return arrow::RecordBatch::Make(schema_.arrow(), count, std::move(columns));
}

}  // namespace klein
