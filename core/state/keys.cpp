#include "state/keys.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace klein {

namespace {

constexpr char null_mark = 0, value_mark = 1;

enum class Layout { fixed, boolean, short_bytes, long_bytes, nothing };

Layout layout_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA: return Layout::nothing;
    case arrow::Type::BOOL: return Layout::boolean;
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return Layout::short_bytes;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY: return Layout::long_bytes;
    default: return Layout::fixed;
  }
}

bool may_be_key(const arrow::DataType& type) {
  const auto id = type.id();
  return layout_of(type) != Layout::fixed || arrow::is_primitive(id) || arrow::is_decimal(id) ||
         id == arrow::Type::FIXED_SIZE_BINARY;
}

std::size_t width_of(const arrow::DataType& type) {
  return static_cast<std::size_t>(static_cast<const arrow::FixedWidthType&>(type).bit_width()) / 8;
}

/// -0.0 is 0.0, and every not-a-number is one and the same.
template <typename Float>
void add_float(const char* value, std::string& bytes) {
  Float number;
  std::memcpy(&number, value, sizeof number);
  if (number == 0) number = 0;
  if (std::isnan(number)) number = std::numeric_limits<Float>::quiet_NaN();
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void add_bytes(std::string_view value, std::string& bytes) {
  const auto length = static_cast<std::uint32_t>(value.size());
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  bytes.append(value);
}

/// One key column of a batch, read row by row.
class Column {
 public:
  explicit Column(std::shared_ptr<arrow::Array> array)
      : array_(std::move(array)),
        layout_(layout_of(*array_->type())),
        id_(array_->type_id()),
        width_(layout_ == Layout::fixed ? width_of(*array_->type()) : 0),
        nullable_(layout_ == Layout::nothing || array_->null_count() > 0) {
    const auto& data = *array_->data();
    if (layout_ != Layout::nothing)
      values_ = reinterpret_cast<const char*>(data.buffers[1] ? data.buffers[1]->data() : nullptr);
    offset_ = data.offset;
  }

  void add(std::int64_t row, std::string& bytes) const {
    if (nullable_ && array_->IsNull(row)) {
      bytes += null_mark;
      return;
    }
    bytes += value_mark;
    switch (layout_) {
      case Layout::fixed: add_fixed(values_ + (offset_ + row) * static_cast<std::int64_t>(width_), bytes); return;
      case Layout::boolean:
        bytes +=
            static_cast<char>(arrow::bit_util::GetBit(reinterpret_cast<const std::uint8_t*>(values_), offset_ + row));
        return;
      case Layout::short_bytes: add_bytes(static_cast<const arrow::BinaryArray&>(*array_).GetView(row), bytes); return;
      case Layout::long_bytes:
        add_bytes(static_cast<const arrow::LargeBinaryArray&>(*array_).GetView(row), bytes);
        return;
      case Layout::nothing: return;
    }
  }

 private:
  void add_fixed(const char* value, std::string& bytes) const {
    if (id_ == arrow::Type::FLOAT) return add_float<float>(value, bytes);
    if (id_ == arrow::Type::DOUBLE) return add_float<double>(value, bytes);
    bytes.append(value, width_);
  }

  std::shared_ptr<arrow::Array> array_;
  Layout layout_;
  arrow::Type::type id_;
  std::size_t width_;
  bool nullable_;
  const char* values_ = nullptr;
  std::int64_t offset_ = 0;
};

using ArrayResult = Result<std::shared_ptr<arrow::Array>>;

Error cut_off() { return Error(Code::corrupt, "a key of a state is cut off"); }

/// Whether the key's next column has a value; it begins at the front of the key then.
Result<bool> take_mark(std::string_view& key) {
  if (key.empty()) return cut_off();
  const bool valid = key.front() == value_mark;
  key.remove_prefix(1);
  return valid;
}

Result<std::string_view> take_bytes(std::string_view& key, std::size_t length) {
  if (key.size() < length) return cut_off();
  const auto bytes = key.substr(0, length);
  key.remove_prefix(length);
  return bytes;
}

template <typename Builder>
ArrayResult take_texts(const std::shared_ptr<arrow::DataType>& type, std::vector<std::string_view>& keys) {
  const auto made = KLEIN_ARROW(arrow::MakeBuilder(type));
  auto& builder = static_cast<Builder&>(*made);
  for (auto& key : keys) {
    if (!KLEIN_TRY(take_mark(key))) {
      KLEIN_ARROW_OK(builder.AppendNull());
      continue;
    }
    std::uint32_t length = 0;
    std::memcpy(&length, KLEIN_TRY(take_bytes(key, sizeof length)).data(), sizeof length);
    KLEIN_ARROW_OK(builder.Append(KLEIN_TRY(take_bytes(key, length))));
  }
  return KLEIN_ARROW(builder.Finish());
}

/// Values of one width are gathered as they are and become the column at once.
ArrayResult take_values(const std::shared_ptr<arrow::DataType>& type, std::vector<std::string_view>& keys) {
  const bool boolean = type->id() == arrow::Type::BOOL;
  const auto width = boolean ? 1 : width_of(*type);
  const auto rows = static_cast<std::int64_t>(keys.size());
  std::string values(width * keys.size(), '\0');
  arrow::TypedBufferBuilder<bool> valid, bits;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    const bool has = KLEIN_TRY(take_mark(keys[row]));
    if (has) std::memcpy(values.data() + row * width, KLEIN_TRY(take_bytes(keys[row], width)).data(), width);
    KLEIN_ARROW_OK(valid.Append(has));
    if (boolean) KLEIN_ARROW_OK(bits.Append(values[row] != 0));
  }
  const auto data = boolean ? KLEIN_ARROW(bits.Finish()) : arrow::Buffer::FromString(std::move(values));
  return arrow::MakeArray(arrow::ArrayData::Make(type, rows, {KLEIN_ARROW(valid.Finish()), data}));
}

/// Takes the values of one column from the front of every key.
ArrayResult take_column(const std::shared_ptr<arrow::DataType>& type, std::vector<std::string_view>& keys) {
  switch (layout_of(*type)) {
    case Layout::short_bytes: return take_texts<arrow::BinaryBuilder>(type, keys);
    case Layout::long_bytes: return take_texts<arrow::LargeBinaryBuilder>(type, keys);
    case Layout::fixed:
    case Layout::boolean: return take_values(type, keys);
    case Layout::nothing: break;
  }
  for (auto& key : keys) KLEIN_TRY(take_mark(key));
  return KLEIN_ARROW(arrow::MakeArrayOfNull(type, static_cast<std::int64_t>(keys.size())));
}

}  // namespace

Result<KeyCodec> KeyCodec::make(const Schema& schema, const std::vector<std::string>& columns) {
  KeyCodec codec;
  for (const auto& column : columns) {
    auto type = KLEIN_TRY(schema.type(column));
    if (!may_be_key(*type)) {
      return Error(Code::invalid, "rows can't be told apart by '" + column + "', which is " + text(*type) +
                                      "; a key is a number, a text, bytes, a time or true and false");
    }
    codec.names_.push_back(column);
    codec.types_.push_back(std::move(type));
  }
  return codec;
}

Result<Keys> KeyCodec::encode(const Batch& batch) const {
  std::vector<Column> columns;
  const auto schema = batch.schema();
  for (const auto& name : names_) columns.emplace_back(batch.columns()->column(KLEIN_TRY(schema.index(name))));
  Keys keys;
  const auto rows = static_cast<std::size_t>(batch.rows());
  keys.ends_.reserve(rows);
  keys.hashes_.reserve(rows);
  keys.bytes_.reserve(rows * 12);
  for (std::size_t row = 0, begin = 0; row < rows; ++row) {
    for (const auto& column : columns) column.add(static_cast<std::int64_t>(row), keys.bytes_);
    keys.ends_.push_back(keys.bytes_.size());
    keys.hashes_.push_back(hash_key(std::string_view(keys.bytes_).substr(begin)));
    begin = keys.bytes_.size();
  }
  return keys;
}

Result<std::vector<std::shared_ptr<arrow::Array>>> KeyCodec::decode(const std::vector<std::string_view>& keys) const {
  auto left = keys;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const auto& type : types_) columns.push_back(KLEIN_TRY(take_column(type, left)));
  return columns;
}

}  // namespace klein
