#pragma once
// SameColumns — inputs whose rows follow each other on one output must have the same columns; nothing is cast.

#include <optional>

#include "op/by_schema.h"
#include "op/registry.h"

namespace klein {

/// The inputs' schema; nothing: not all are known yet.
Result<std::optional<Schema>> same_columns(const Schemas& inputs);

/// The same for rows as they come. One a task.
class SameColumns {
 public:
  Result<> check(const Batch& batch);

 private:
  std::optional<Schema> schema_;  // of the first batch
  BySchema<Schema> seen_;
};

}  // namespace klein
