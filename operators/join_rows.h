#pragma once
// JoinRows — the rows of one side of a join that stay until their partners have come: by number, in the order in which
// they came. Few large parts rather than many small ones, so that picking from them is quick.

#include <cstdint>
#include <optional>
#include <vector>

#include "data/batch.h"
#include "state/keys.h"

namespace klein {

class JoinRows {
 public:
  struct Part {
    std::int64_t first;  // its first row's number
    Batch rows;
  };

  /// They get the numbers from `size()` on. Errors: other columns than those of the rows before.
  Result<> add(const Batch& batch);
  std::int64_t size() const { return size_; }
  const std::optional<Schema>& schema() const { return schema_; }
  const std::vector<Part>& parts() const { return parts_; }
  std::size_t part_of(std::int64_t row) const;
  /// Of ascending row numbers, those of each part, as places in it.
  std::vector<std::vector<std::int64_t>> by_part(const std::vector<std::int64_t>& rows) const;
  /// The rows of these numbers, in that order.
  Result<Batch> pick(const std::vector<std::int64_t>& rows) const;
  /// Only these stay, in ascending order, and are numbered anew.
  Result<> keep(const std::vector<std::int64_t>& rows);

 private:
  Result<> merge_small();

  std::optional<Schema> schema_;
  std::vector<Part> parts_;
  std::int64_t size_ = 0;
};

/// Of each row, whether a column of its key is null, so that it has no partner; empty: none is.
std::vector<bool> without_key(const Batch& batch, const std::vector<std::string>& keys);

/// Rows of a join's state: their key groups, whether they have had a partner, and the rows themselves.
Result<Batch> save_rows(const Batch& rows, const KeyCodec& codec, const std::vector<bool>& matched);
struct LoadedRows {
  static Result<LoadedRows> read(const Batch& state);
  Batch rows;
  std::vector<bool> matched;
};

}  // namespace klein
