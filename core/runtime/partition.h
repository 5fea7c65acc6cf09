#pragma once
// Partition — which of the next chain's tasks each row goes to, by its key.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "op/by_schema.h"
#include "state/keys.h"
#include "state/state.h"

namespace klein {

class Partition {
 public:
  Partition(std::vector<std::string> keys, int tasks) : keys_(std::move(keys)), tasks_(tasks) {}
  /// The rows of each task that gets some, in order.
  Result<std::vector<std::pair<int, Batch>>> split(const Batch& batch);

 private:
  const std::vector<std::string> keys_;
  const int tasks_;
  BySchema<KeyCodec> codec_;
};

/// As `rows_of_task`, of rows that come late.
std::shared_ptr<const LateRows> late_rows_of_task(std::shared_ptr<const LateRows> rows, int task, int tasks);

/// Of rows of state, whose first column is their key group, those of one task.
Result<std::vector<Batch>> rows_of_task(const std::vector<Batch>& rows, int task, int tasks);

}  // namespace klein
