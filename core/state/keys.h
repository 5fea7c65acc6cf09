#pragma once
// Keys — the values of a row's key columns as bytes: equal rows have equal bytes, and the bytes give the values back.
// The layout is in docs/formats/state.md.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "state/key_groups.h"

namespace arrow {
class Array;
}

namespace klein {

/// The keys of a batch's rows, in order.
class Keys {
 public:
  std::size_t size() const { return hashes_.size(); }
  std::string_view operator[](std::size_t row) const {
    const auto begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(bytes_).substr(begin, ends_[row] - begin);
  }
  std::uint64_t hash(std::size_t row) const { return hashes_[row]; }
  int group(std::size_t row) const { return group_of(hashes_[row]); }

 private:
  friend class KeyCodec;
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint64_t> hashes_;
};

class KeyCodec {
 public:
  /// Errors: an unknown column, or one of a type that can't be a key (a list, a record, a tensor).
  static Result<KeyCodec> make(const Schema& schema, const std::vector<std::string>& columns);

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::shared_ptr<arrow::DataType>>& types() const { return types_; }
  /// The batch has the schema's columns, in any place.
  Result<Keys> encode(const Batch& batch) const;
  /// A column of each key column's values.
  Result<std::vector<std::shared_ptr<arrow::Array>>> decode(const std::vector<std::string_view>& keys) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;
};

}  // namespace klein
