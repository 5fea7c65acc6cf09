#pragma once
// A column's memory on its way to Arrow: vectors become buffers where they lie.

#include <arrow/buffer.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace klein::py {

template <typename T>
std::shared_ptr<arrow::Buffer> given(std::vector<T>& values) {
  const auto count = values.size();
  auto buffer = arrow::Buffer::FromVector(std::move(values));
  values = {};
  values.reserve(count);  // the next batch is likely as large
  return buffer;
}

inline std::shared_ptr<arrow::Buffer> given_ends(std::vector<std::int32_t>& ends) {
  std::vector<std::int32_t> offsets;
  offsets.reserve(ends.size() + 1);
  offsets.push_back(0);
  offsets.insert(offsets.end(), ends.begin(), ends.end());
  ends.clear();
  return arrow::Buffer::FromVector(std::move(offsets));
}

inline std::shared_ptr<arrow::Buffer> bits(const std::vector<std::uint8_t>& values) {
  std::vector<std::uint8_t> packed((values.size() + 7) / 8, 0);
  for (std::size_t i = 0; i < values.size(); ++i) packed[i / 8] |= static_cast<std::uint8_t>(values[i] << (i % 8));
  return arrow::Buffer::FromVector(std::move(packed));
}

}  // namespace klein::py
