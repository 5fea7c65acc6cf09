#include "data/column_parts.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include <algorithm>

namespace klein {

void Present::add_null() {
  if (nulls_++ == 0) there_.resize(static_cast<std::size_t>(length_), true);
  there_.push_back(false);
  ++length_;
}

void Present::cut(std::int64_t length) {
  length_ = length;
  if (nulls_ == 0) return;
  there_.resize(static_cast<std::size_t>(length));
  nulls_ = std::count(there_.begin(), there_.end(), false);
  if (nulls_ == 0) there_.clear();
}

std::shared_ptr<arrow::Buffer> Present::finish() {
  auto bits = nulls_ > 0 ? to_bits(there_) : nullptr;
  *this = Present();
  return bits;
}

std::shared_ptr<arrow::Buffer> Ends::finish() {
  auto ends = arrow::Buffer::FromVector(std::move(ends_));
  ends_ = {0};
  return ends;
}

std::shared_ptr<arrow::Buffer> to_bits(const std::vector<bool>& values) {
  const auto count = static_cast<std::int64_t>(values.size());
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(arrow::bit_util::BytesForBits(count)));
  for (std::int64_t i = 0; i < count; ++i) {
    if (values[static_cast<std::size_t>(i)]) arrow::bit_util::SetBit(bytes.data(), i);
  }
  return arrow::Buffer::FromVector(std::move(bytes));
}

std::shared_ptr<arrow::ArrayData> column_of(const std::shared_ptr<arrow::DataType>& type, Present& present,
                                            std::vector<std::shared_ptr<arrow::Buffer>> buffers,
                                            std::vector<std::shared_ptr<arrow::ArrayData>> children) {
  const auto length = present.length(), nulls = present.nulls();
  buffers.insert(buffers.begin(), present.finish());
  return arrow::ArrayData::Make(type, length, std::move(buffers), std::move(children), nulls);
}

}  // namespace klein
