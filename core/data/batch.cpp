#include "data/batch.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/datum.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type_traits.h>

#include "data/compute.h"

namespace klein {

namespace {

std::int64_t bytes_of(const arrow::ArrayData& data, std::int64_t offset, std::int64_t length);

/// Bytes of variable-length values, by the first and last offset; the offsets themselves count too.
template <typename Offset>
std::int64_t bytes_of_variable(const arrow::ArrayData& data, std::int64_t offset, std::int64_t length) {
  const auto own = length * static_cast<std::int64_t>(sizeof(Offset));
  if (!data.buffers[1] || data.buffers[1]->size() == 0) return own;
  const auto* offsets = reinterpret_cast<const Offset*>(data.buffers[1]->data()) + offset;
  const auto first = static_cast<std::int64_t>(offsets[0]), last = static_cast<std::int64_t>(offsets[length]);
  if (data.child_data.empty()) return own + last - first;
  return own + bytes_of(*data.child_data[0], data.child_data[0]->offset + first, last - first);
}

std::int64_t bytes_of_values(const arrow::ArrayData& data, std::int64_t offset, std::int64_t length) {
  const auto* type = data.type.get();
  if (type->id() == arrow::Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType*>(type)->storage_type().get();
  }
  switch (type->id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LIST:
    case arrow::Type::MAP: return bytes_of_variable<std::int32_t>(data, offset, length);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::LARGE_LIST: return bytes_of_variable<std::int64_t>(data, offset, length);
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto width = static_cast<const arrow::FixedSizeListType*>(type)->list_size();
      return bytes_of(*data.child_data[0], data.child_data[0]->offset + offset * width, length * width);
    }
    default: break;
  }
  if (const int bits = type->bit_width(); bits > 0) return (length * bits + 7) / 8;
  std::int64_t total = 0;  // structs, unions, views, dictionaries: whole buffers, an upper bound
  for (const auto& buffer : data.buffers) total += buffer ? buffer->size() : 0;
  for (const auto& child : data.child_data) total += bytes_of(*child, child->offset, child->length);
  return total;
}

std::int64_t bytes_of(const arrow::ArrayData& data, std::int64_t offset, std::int64_t length) {
  const auto validity = data.buffers.empty() || !data.buffers[0] ? 0 : (length + 7) / 8;
  return validity + bytes_of_values(data, offset, length);
}

}  // namespace

Batch::Batch(std::shared_ptr<arrow::RecordBatch> columns, Header header)
    : columns_(std::move(columns)), rows_(columns_->num_rows()), header_(std::move(header)) {}

std::int64_t Batch::bytes() const {
  std::int64_t total = 0;
  for (const auto& column : columns_->column_data()) total += bytes_of(*column, column->offset, column->length);
  return total;
}

Schema Batch::schema() const { return Schema(columns_->schema()); }

std::int64_t Batch::row_number(std::int64_t row) const {
  return header_.index ? (*header_.index)[static_cast<std::size_t>(row)] : header_.row + row;
}

std::string Batch::row_id(std::int64_t row) const {
  const auto number = std::to_string(row_number(row));
  return header_.split ? *header_.split + ":" + number : number;
}

Batch Batch::slice(std::int64_t first, std::int64_t count) const {
  if (first == 0 && count == rows_) return *this;
  Header header = header_;
  if (header.index) {
    const auto begin = header.index->begin() + first;
    header.index = std::make_shared<const std::vector<std::int64_t>>(begin, begin + count);
  } else {
    header.row += first;
  }
  return Batch(columns_->Slice(first, count), std::move(header));
}

Batch Batch::with(std::shared_ptr<arrow::RecordBatch> columns) const {
  KLEIN_ASSERT(columns->num_rows() == rows_);
  return Batch(std::move(columns), header_);
}

Header Batch::header_of(const std::vector<std::int64_t>& rows) const {
  std::vector<std::int64_t> index(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) index[i] = row_number(rows[i]);
  Header header = header_;
  header.index = std::make_shared<const std::vector<std::int64_t>>(std::move(index));
  return header;
}

Result<Batch> Batch::keep(const arrow::BooleanArray& mask) const {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < mask.length(); ++i) {
    if (mask.IsValid(i) && mask.Value(i)) rows.push_back(i);
  }
  if (static_cast<std::int64_t>(rows.size()) == rows_) return *this;
  initialize_compute();
  const auto kept = KLEIN_ARROW(arrow::compute::Filter(columns_, arrow::Datum(mask.data())));
  return Batch(kept.record_batch(), header_of(rows));
}

Result<Batch> Batch::pick(const std::vector<std::int64_t>& rows) const {
  initialize_compute();
  const arrow::Int64Array indices(static_cast<std::int64_t>(rows.size()), arrow::Buffer::Wrap(rows));
  const auto picked = KLEIN_ARROW(arrow::compute::Take(arrow::Datum(columns_), arrow::Datum(indices.data())));
  return Batch(picked.record_batch(), header_of(rows));
}

Batch Batch::derive(std::shared_ptr<arrow::RecordBatch> columns, const std::vector<std::int64_t>& origin) const {
  KLEIN_ASSERT(columns->num_rows() == static_cast<std::int64_t>(origin.size()));
  return Batch(std::move(columns), header_of(origin));
}

Result<Batch> conform(const Batch& batch, const Schema& schema) {
  if (batch.schema() == schema) return batch;
  auto columns = batch.columns()->columns();
  for (int i = 0; i < schema.columns(); ++i) {
    auto& column = columns[static_cast<std::size_t>(i)];
    const auto& type = schema.arrow()->field(i)->type();
    if (column->type()->Equals(*type)) continue;
    if (column->type_id() == arrow::Type::NA) {
      column = KLEIN_ARROW(arrow::MakeArrayOfNull(type, batch.rows()));
      continue;
    }
    initialize_compute();  // a list or record of which a part has had no value
    column = KLEIN_ARROW(arrow::compute::Cast(*column, type, arrow::compute::CastOptions::Safe()));
  }
  return batch.with(arrow::RecordBatch::Make(schema.arrow(), batch.rows(), std::move(columns)));
}

Result<Batch> concatenate(const std::vector<Batch>& batches) {
  KLEIN_ASSERT(!batches.empty());
  if (batches.size() == 1) return batches.front();
  std::vector<std::shared_ptr<arrow::RecordBatch>> columns;
  std::vector<std::int64_t> index;
  for (const auto& batch : batches) {
    columns.push_back(batch.columns());
    for (std::int64_t row = 0; row < batch.rows(); ++row) index.push_back(batch.row_number(row));
  }
  auto header = batches.front().header();
  header.index = std::make_shared<const std::vector<std::int64_t>>(std::move(index));
  return Batch(KLEIN_ARROW(arrow::ConcatenateRecordBatches(columns)), std::move(header));
}

}  // namespace klein
