#pragma once
// What sources of numbered rows share: how rows are cut into splits and batches, and positions that count rows done.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "op/connector.h"

namespace klein {

struct RowRange {
  std::int64_t first = 0, count = 0;
};

/// How many rows make a batch of `size`, of rows that take `bytes` for `rows` of them; at least one.
inline std::int64_t rows_within(ReadSize size, std::int64_t bytes, std::int64_t rows) {
  const auto a_row = std::max<std::int64_t>(1, rows > 0 ? bytes / rows : 1);
  return std::max<std::int64_t>(1, std::min(size.rows, size.bytes / a_row));
}

/// The rows of one table in splits of 64 k rows or 4 MB, or larger ones where that would make more than 1,024; all with
/// `rows` and `first_row`. No rows: no splits.
inline std::vector<Split> split_rows(const std::string& id, std::int64_t rows, std::int64_t bytes) {
  constexpr std::int64_t most = 1024;
  const auto a_split = std::max(rows_within(ReadSize{}, bytes, rows), (rows + most - 1) / most);
  std::vector<Split> splits;
  for (std::int64_t first = 0; first < rows; first += a_split) {
    const auto number = static_cast<std::int64_t>(splits.size());
    splits.push_back({.id = rows > a_split ? id + "#" + std::to_string(number) : id,
                      .position = {},
                      .rows = std::min(a_split, rows - first),
                      .order = number,
                      .first_row = first});
  }
  return splits;
}

/// A position that says how many rows of the split are done.
inline Bytes to_position(std::int64_t done) { return std::to_string(done); }

/// The start's position is empty.
inline Result<std::int64_t> from_position(const Bytes& position) {
  std::int64_t done = 0;
  if (position.empty()) return done;
  const auto* end = position.data() + position.size();
  const auto [stop, error] = std::from_chars(position.data(), end, done);
  if (error != std::errc{} || stop != end || done < 0) {
    return Error(Code::corrupt, "a split's position is no row count: '" + position + "'");
  }
  return done;
}

}  // namespace klein
