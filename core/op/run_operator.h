#pragma once
// One operator run alone, without channels or threads: for the examples of its row and for tests. What it says of a
// kind holds for one task; the laws run the same examples on the executors.

#include <string>
#include <vector>

#include "op/registry.h"

namespace klein {

struct OperatorRun {
  std::vector<Batch> rows, errors;  // what left by the main and the errors port
  std::int64_t rows_failed = 0;
  bool finished = false;  // it said that it wants no more
};

/// Makes a step of `kind`, gives it the batches of each input (inputs take turns), then the end. Checks what is checked
/// before work starts too. An operator that returns `pending` can't be run so.
Result<OperatorRun> run_operator(const OperatorKind& kind, const Value::Map& params,
                                 const std::vector<std::vector<Batch>>& inputs);

/// The rows of an example's inputs, each cut into batches of `batch_rows`.
Result<std::vector<std::vector<Batch>>> example_inputs(const OperatorKind& kind, const Example& example,
                                                       std::int64_t batch_rows);

/// Runs every example of the row, its input whole and row by row; the first that does not hold is the error.
Result<> check_examples(const OperatorKind& kind);

}  // namespace klein
