// Columns of lists, dicts and tensors as arrays.

#include <arrow/array.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/type.h>

#include <algorithm>

#include "rows_memory.h"
#include "rows_write.h"
#include "tensors.h"

namespace klein::py {

Result<std::shared_ptr<arrow::Array>> Column::finish_list() {
  const auto entries = KLEIN_TRY(entries_->finish());
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrow::list(entries->type()), size_, {validity(), given_ends(offsets_)}, {entries->data()}, nulls_));
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
    return arrow::MakeArray(arrow::ArrayData::Make(
        arrow::list(number_), size_, {validity(), given_ends(offsets_)}, {std::move(values)}, nulls_));
  }
  const auto type = arrow::extension::fixed_shape_tensor(number_, shape_);
  const auto each =
      static_cast<const arrow::FixedSizeListType&>(*static_cast<const arrow::ExtensionType&>(*type).storage_type())
          .list_size();
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

}  // namespace klein::py
