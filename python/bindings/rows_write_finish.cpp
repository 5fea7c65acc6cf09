// The columns as arrays; their memory becomes Arrow's.

#include <arrow/array.h>
#include <arrow/type.h>

#include "rows_memory.h"
#include "rows_write.h"

namespace klein::py {

std::shared_ptr<arrow::Buffer> Column::validity() const { return nulls_ > 0 ? bits(valid_) : nullptr; }

std::shared_ptr<arrow::Array> Column::finish_numbers(const std::shared_ptr<arrow::DataType>& type) {
  return arrow::MakeArray(arrow::ArrayData::Make(type, size_, {validity(), given(numbers_)}, nulls_));
}

std::shared_ptr<arrow::Array> Column::finish_bytes(const std::shared_ptr<arrow::DataType>& type) {
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, size_, {validity(), given_ends(offsets_), given(bytes_)}, nulls_));
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
