// The columns as arrays; their memory becomes Arrow's.

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/type.h>

#include "rows_write.h"
#include "tensors.h"

namespace klein::py {

namespace {

template <typename T>
std::shared_ptr<arrow::Buffer> given(std::vector<T>& values) {
  const auto count = values.size();
  auto buffer = arrow::Buffer::FromVector(std::move(values));
  values = {};
  values.reserve(count);  // the next batch is likely as large
  return buffer;
}

std::shared_ptr<arrow::Buffer> given_ends(std::vector<std::int32_t>& ends) {
  std::vector<std::int32_t> offsets;
  offsets.reserve(ends.size() + 1);
  offsets.push_back(0);
  offsets.insert(offsets.end(), ends.begin(), ends.end());
  ends.clear();
  return arrow::Buffer::FromVector(std::move(offsets));
}

std::shared_ptr<arrow::Buffer> bits(const std::vector<std::uint8_t>& values) {
  std::vector<std::uint8_t> packed((values.size() + 7) / 8, 0);
  for (std::size_t i = 0; i < values.size(); ++i) packed[i / 8] |= static_cast<std::uint8_t>(values[i] << (i % 8));
  return arrow::Buffer::FromVector(std::move(packed));
}

}  // namespace

std::shared_ptr<arrow::Buffer> Column::validity() const { return nulls_ > 0 ? bits(valid_) : nullptr; }

std::shared_ptr<arrow::Array> Column::finish_numbers(const std::shared_ptr<arrow::DataType>& type) {
  return arrow::MakeArray(arrow::ArrayData::Make(type, size_, {validity(), given(numbers_)}, nulls_));
}

std::shared_ptr<arrow::Array> Column::finish_bytes(const std::shared_ptr<arrow::DataType>& type) {
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, size_, {validity(), given_ends(offsets_), given(bytes_)}, nulls_));
}

Result<std::shared_ptr<arrow::Array>> Column::finish_list() {
  const auto entries = KLEIN_TRY(entries_->finish());
  return arrow::MakeArray(arrow::ArrayData::Make(arrow::list(entries->type()), size_,
                                                 {validity(), given_ends(offsets_)}, {entries->data()}, nulls_));
}

Result<std::shared_ptr<arrow::Array>> Column::finish_record() {
  auto made = KLEIN_TRY(fields_->finish());
  arrow::ArrayDataVector children;
  for (const auto& column : made.columns) children.push_back(column->data());
  return arrow::MakeArray(
      arrow::ArrayData::Make(arrow::struct_(made.fields), size_, {validity()}, std::move(children), nulls_));
}

Result<std::shared_ptr<arrow::Array>> Column::finish_tensor() {
  if (ragged_) {
    const auto elements = static_cast<std::int64_t>(bytes_.size()) / byte_width(*number_);
    auto values = arrow::ArrayData::Make(number_, elements, {nullptr, given(bytes_)}, 0);
    return arrow::MakeArray(arrow::ArrayData::Make(arrow::list(number_), size_, {validity(), given_ends(offsets_)},
                                                   {std::move(values)}, nulls_));
  }
  const auto type = arrow::extension::fixed_shape_tensor(number_, shape_);
  const auto each = static_cast<const arrow::FixedSizeListType&>(
      *static_cast<const arrow::ExtensionType&>(*type).storage_type()).list_size();
  if (nulls_ > 0) {  // a null has its place among the elements too
    const auto width = static_cast<std::size_t>(each) * static_cast<std::size_t>(byte_width(*number_));
    std::vector<std::uint8_t> spread(width * static_cast<std::size_t>(size_), 0);
    auto from = bytes_.begin();
    for (std::size_t i = 0; i < valid_.size(); ++i) {
      if (!valid_[i]) continue;
      std::copy_n(from, width, spread.begin() + static_cast<std::ptrdiff_t>(i * width));
      from += static_cast<std::ptrdiff_t>(width);
    }
    bytes_ = std::move(spread);
  }
  auto values = arrow::ArrayData::Make(number_, size_ * each, {nullptr, given(bytes_)}, 0);
  offsets_.clear();
  return arrow::MakeArray(arrow::ArrayData::Make(type, size_, {validity()}, {std::move(values)}, nulls_));
}

Result<std::shared_ptr<arrow::Array>> Column::made() {
  switch (kind_) {
    case Kind::nothing: return std::make_shared<arrow::NullArray>(size_);
    case Kind::boolean:
      return arrow::MakeArray(arrow::ArrayData::Make(arrow::boolean(), size_, {validity(), bits(bytes_)}, nulls_));
    case Kind::int64: return finish_numbers(arrow::int64());
    case Kind::float64:
      return arrow::MakeArray(arrow::ArrayData::Make(arrow::float64(), size_, {validity(), given(reals_)}, nulls_));
    case Kind::string: return finish_bytes(arrow::utf8());
    case Kind::binary: return finish_bytes(arrow::binary());
    case Kind::datetime: return finish_numbers(arrow::timestamp(arrow::TimeUnit::MICRO));
    case Kind::datetime_utc: return finish_numbers(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
    case Kind::time: return finish_numbers(arrow::time64(arrow::TimeUnit::MICRO));
    case Kind::timedelta: return finish_numbers(arrow::duration(arrow::TimeUnit::MICRO));
    case Kind::date: {
      std::vector<std::int32_t> days(numbers_.begin(), numbers_.end());
      return arrow::MakeArray(arrow::ArrayData::Make(arrow::date32(), size_, {validity(), given(days)}, nulls_));
    }
    case Kind::list: return finish_list();
    case Kind::record: return finish_record();
    case Kind::tensor: return finish_tensor();
  }
  return Error(Code::internal, "a column is of no kind");
}

Result<std::shared_ptr<arrow::Array>> Column::finish() {
  auto array = KLEIN_TRY(made());
  settled_ = kind_ != Kind::nothing;
  clear();
  return array;
}

void Column::clear() {
  size_ = nulls_ = 0;
  valid_.clear();
  numbers_.clear();
  reals_.clear();
  bytes_.clear();
  offsets_.clear();
  if (entries_) entries_->clear();
  if (fields_) fields_->clear();
}

Result<Fields::Made> Fields::finish() {
  Made made;
  for (auto& field : fields_) {
    made.columns.push_back(KLEIN_TRY(field.column.finish()));
    made.fields.push_back(arrow::field(field.name, made.columns.back()->type()));
  }
  rows_ = 0;
  settled_ = true;
  return made;
}

void Fields::clear() {
  if (!settled_) fields_.clear();  // a row that failed may have brought columns of its own
  for (auto& field : fields_) field.column.clear();
  rows_ = 0;
}

}  // namespace klein::py
