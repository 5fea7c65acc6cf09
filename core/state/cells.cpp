#include "state/cells.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <cstring>

namespace klein {

namespace {

enum class Form { fixed, boolean, bytes, large_bytes, list, large_list, fixed_list, record, nothing, none };

std::shared_ptr<arrow::DataType> storage_of(std::shared_ptr<arrow::DataType> type) {
  while (type->id() == arrow::Type::EXTENSION) type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
  return type;
}

Form form_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA: return Form::nothing;
    case arrow::Type::BOOL: return Form::boolean;
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return Form::bytes;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY: return Form::large_bytes;
    case arrow::Type::LIST:
    case arrow::Type::MAP: return Form::list;
    case arrow::Type::LARGE_LIST: return Form::large_list;
    case arrow::Type::FIXED_SIZE_LIST: return Form::fixed_list;
    case arrow::Type::STRUCT: return Form::record;
    case arrow::Type::DICTIONARY: return Form::none;
    default: return arrow::is_fixed_width(type.id()) ? Form::fixed : Form::none;
  }
}

void append_length(std::int64_t length, Bytes& to) {
  const auto number = static_cast<std::uint32_t>(length);
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <typename List>
void append_list(const arrow::Array& column, std::int64_t row, Bytes& to) {
  const auto& list = static_cast<const List&>(column);
  const std::int64_t begin = list.value_offset(row), length = list.value_length(row);
  if constexpr (!std::is_same_v<List, arrow::FixedSizeListArray>) append_length(length, to);
  for (std::int64_t i = 0; i < length; ++i) append_cell(*list.values(), begin + i, to);
}

template <typename Texts>
void append_text(const arrow::Array& column, std::int64_t row, Bytes& to) {
  const auto view = static_cast<const Texts&>(column).GetView(row);
  append_length(static_cast<std::int64_t>(view.size()), to);
  to.append(view);
}

void append_fixed(const arrow::Array& column, std::int64_t row, Bytes& to) {
  const auto width = static_cast<const arrow::FixedWidthType&>(*column.type()).bit_width() / 8;
  const auto* values = reinterpret_cast<const char*>(column.data()->buffers[1]->data());
  to.append(values + (column.offset() + row) * width, static_cast<std::size_t>(width));
}

void append_record(const arrow::Array& column, std::int64_t row, Bytes& to) {
  const auto& record = static_cast<const arrow::StructArray&>(column);
  for (int i = 0; i < record.num_fields(); ++i) append_cell(*record.field(i), row, to);
}

std::shared_ptr<arrow::Buffer> bits_of(const std::vector<bool>& bits) {
  Bytes bytes((bits.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) bytes[i / 8] = static_cast<char>(bytes[i / 8] | (1 << (i % 8)));
  }
  return arrow::Buffer::FromString(std::move(bytes));
}

template <typename Offset>
std::shared_ptr<arrow::Buffer> offsets_of(const std::vector<std::int64_t>& ends) {
  Bytes bytes((ends.size() + 1) * sizeof(Offset), '\0');
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const auto end = static_cast<Offset>(ends[i]);
    std::memcpy(bytes.data() + (i + 1) * sizeof(Offset), &end, sizeof end);
  }
  return arrow::Buffer::FromString(std::move(bytes));
}

Error cut_off() { return Error(Code::corrupt, "state that is kept by key is cut off"); }

Result<std::uint32_t> take_length(BytesView& bytes) {
  std::uint32_t length = 0;
  if (bytes.size() < sizeof length) return cut_off();
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  return length;
}

}  // namespace

Result<> check_cells(const arrow::DataType& type) {
  if (type.id() == arrow::Type::EXTENSION)
    return check_cells(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  if (form_of(type) == Form::none)
    return Error(Code::invalid, "values of this type can't be kept on disk, declare another: " + type.ToString());
  for (const auto& field : type.fields()) KLEIN_TRY(check_cells(*field->type()));
  return {};
}

void append_cell(const arrow::Array& column, std::int64_t row, Bytes& to) {
  if (column.type_id() == arrow::Type::EXTENSION)
    return append_cell(*static_cast<const arrow::ExtensionArray&>(column).storage(), row, to);
  if (column.IsNull(row)) {
    to += '\0';
    return;
  }
  to += '\1';
  switch (form_of(*column.type())) {
    case Form::fixed: return append_fixed(column, row, to);
    case Form::boolean: to += static_cast<char>(static_cast<const arrow::BooleanArray&>(column).Value(row)); return;
    case Form::bytes: return append_text<arrow::BinaryArray>(column, row, to);
    case Form::large_bytes: return append_text<arrow::LargeBinaryArray>(column, row, to);
    case Form::list: return append_list<arrow::ListArray>(column, row, to);
    case Form::large_list: return append_list<arrow::LargeListArray>(column, row, to);
    case Form::fixed_list: return append_list<arrow::FixedSizeListArray>(column, row, to);
    case Form::record: return append_record(column, row, to);
    case Form::nothing:
    case Form::none: return;
  }
}

CellColumn::CellColumn(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)), storage_(storage_of(type_)) {
  const auto form = form_of(*storage_);
  if (form == Form::boolean) width_ = 1;
  if (form == Form::fixed)
    width_ = static_cast<std::size_t>(static_cast<const arrow::FixedWidthType&>(*storage_).bit_width() / 8);
  for (const auto& field : storage_->fields()) children_.push_back(std::make_unique<CellColumn>(field->type()));
}

void CellColumn::append_null() {
  valid_.push_back(false);
  values_.append(width_, '\0');
  switch (form_of(*storage_)) {
    case Form::bytes:
    case Form::large_bytes: ends_.push_back(static_cast<std::int64_t>(values_.size())); return;
    case Form::list:
    case Form::large_list: ends_.push_back(children_.front()->size()); return;
    case Form::fixed_list:
      for (int i = 0; i < static_cast<const arrow::FixedSizeListType&>(*storage_).list_size(); ++i)
        children_.front()->append_null();
      return;
    case Form::record:
      for (const auto& child : children_) child->append_null();
      return;
    default: return;
  }
}

Result<> CellColumn::read(BytesView& bytes) {
  if (bytes.empty()) return cut_off();
  const bool valid = bytes.front() != 0;
  bytes.remove_prefix(1);
  if (!valid) {
    append_null();
    return {};
  }
  KLEIN_TRY(read_value(bytes));
  valid_.push_back(true);
  return {};
}

Result<> CellColumn::read_value(BytesView& bytes) {
  std::size_t length = width_, each = 0;
  switch (form_of(*storage_)) {
    case Form::bytes:
    case Form::large_bytes: length = KLEIN_TRY(take_length(bytes)); break;
    case Form::list:
    case Form::large_list: each = KLEIN_TRY(take_length(bytes)); break;
    case Form::fixed_list:
      each = static_cast<std::size_t>(static_cast<const arrow::FixedSizeListType&>(*storage_).list_size());
      break;
    case Form::record: each = 1; break;
    default: break;
  }
  if (bytes.size() < length) return cut_off();
  values_.append(bytes.substr(0, length));
  bytes.remove_prefix(length);
  for (std::size_t i = 0; i < each; ++i) {
    for (const auto& child : children_) KLEIN_TRY(child->read(bytes));
  }
  if (width_ == 0 && form_of(*storage_) != Form::record)
    ends_.push_back(children_.empty() ? static_cast<std::int64_t>(values_.size()) : children_.front()->size());
  return {};
}

std::shared_ptr<arrow::ArrayData> CellColumn::finish_data() {
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{bits_of(valid_)};
  switch (form_of(*storage_)) {
    case Form::fixed: buffers.push_back(arrow::Buffer::FromString(std::move(values_))); break;
    case Form::boolean: buffers.push_back(bits_of(std::vector<bool>(values_.begin(), values_.end()))); break;
    case Form::bytes:
    case Form::list: buffers.push_back(offsets_of<std::int32_t>(ends_)); break;
    case Form::large_bytes:
    case Form::large_list: buffers.push_back(offsets_of<std::int64_t>(ends_)); break;
    case Form::nothing: buffers.front() = nullptr; break;
    default: break;
  }
  if (const auto form = form_of(*storage_); form == Form::bytes || form == Form::large_bytes)
    buffers.push_back(arrow::Buffer::FromString(std::move(values_)));
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  for (const auto& child : children_) children.push_back(child->finish_data());
  const auto rows = size();
  valid_.clear();
  values_.clear();
  ends_.clear();
  return arrow::ArrayData::Make(type_, rows, std::move(buffers), std::move(children));
}

std::shared_ptr<arrow::Array> CellColumn::finish() { return arrow::MakeArray(finish_data()); }

}  // namespace klein
