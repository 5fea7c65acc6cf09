#pragma once
// JoinColumns — what the rows of a join are made of: the left side's columns, then the right side's but its keys. A
// name that is there already gets the suffix.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/batch.h"
#include "op/params.h"
#include "op/registry.h"

namespace klein {

/// The parameters that all joins have.
struct Joined {
  std::vector<std::string> left_keys, right_keys;
  std::string how, suffix;

  static Result<Joined> of(const Params& params);
  static std::vector<Param> params();
  const std::vector<std::string>& keys(int port) const { return port == 0 ? left_keys : right_keys; }
  bool keeps_left() const { return how == "left" || how == "full"; }
  bool keeps_right() const { return how == "right" || how == "full"; }
  bool gives_left_only() const { return how == "semi" || how == "anti"; }
};

class JoinColumns {
 public:
  /// Errors: unknown keys, keys of different types, a name that is there twice even with the suffix.
  static Result<JoinColumns> make(const Schema& left, const Schema& right, const Joined& joined);
  /// The output's schema where that can be told before rows come.
  static Result<std::optional<Schema>> schema(const Joined& joined, const Schemas& inputs);

  const Schema& output() const { return output_; }
  /// Row i is made of row `left_rows[i]` and row `right_rows[i]`; where a side is null, of nothing there.
  Result<std::shared_ptr<arrow::RecordBatch>> rows(const Batch* left, const std::vector<std::int64_t>& left_rows,
                                                   const Batch* right,
                                                   const std::vector<std::int64_t>& right_rows) const;

 private:
  struct From {
    int left, right;  // the column's place in each; -1: it has none. A key has both
  };
  Schema output_;
  std::vector<From> from_;
};

/// A row of each side.
struct Pairs {
  std::vector<std::int64_t> left, right;
  std::size_t size() const { return left.size(); }
  void add(std::int64_t left_row, std::int64_t right_row) {
    left.push_back(left_row);
    right.push_back(right_row);
  }
};

inline constexpr std::size_t joined_at_once = 32 * 1024;

}  // namespace klein
