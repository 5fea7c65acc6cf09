#pragma once
// SameColumns — inputs whose rows follow each other on one output must have the same columns; nothing is cast. A column
// that may be null in one of them may be so in the output.

#include <optional>

#include "op/by_schema.h"
#include "op/registry.h"

namespace klein {

/// The output's schema; nothing: not all inputs' are known yet.
Result<std::optional<Schema>> same_columns(const Schemas& inputs);

/// The same for rows as they come. One a task.
class SameColumns {
 public:
  static Result<SameColumns> make(const Schemas& inputs);
  Result<Batch> conform(Batch batch);

 private:
  std::optional<Schema> output_;  // where it is not known before, that of the first batch
  BySchema<bool> is_output_;
};

}  // namespace klein
