#pragma once
// JoinOutput — how pairs of rows of two sides, and rows of one side alone, leave a join. A side is 0, the left, or 1.

#include <cstdint>
#include <optional>
#include <vector>

#include "op/operator.h"
#include "operators/join_columns.h"
#include "operators/join_rows.h"

namespace klein {

class JoinOutput {
 public:
  JoinOutput(Joined joined, const Schemas& declared) : joined_(std::move(joined)), declared_(declared) {}

  /// Row `pairs.left[i]` of `own`, which is of that side, with row `pairs.right[i]` of the other side's rows.
  Result<> give_pairs(int side, const Batch& own, const JoinRows& others, const Pairs& pairs, Output& out);
  /// Rows of `own` with nothing of the other side, whose columns are `other`; of a join that gives its left rows only,
  /// as they are. Errors: no row of the other side has come, and its columns are not declared.
  Result<> give_alone(int side, const Batch& own, const std::vector<std::int64_t>& rows,
                      const std::optional<Schema>& other, Output& out, Port port = Port::main);

 private:
  Result<const JoinColumns*> columns_of(int side, const Schema& own, const std::optional<Schema>& came);

  const Joined joined_;
  const Schemas declared_;
  std::optional<JoinColumns> columns_;
  std::optional<Schema> left_, right_;  // that they are made of
};

}  // namespace klein
