#pragma once
// Attempt — a job's run on a checkpoint: opens it, settles what earlier attempts left, and says what is gone on from.

#include <map>
#include <memory>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "op/registry.h"
#include "plan/plan.h"
#include "runtime/job.h"

namespace klein {

/// The options' checkpoint, null where they name none. Sealed epochs are committed that were not; with `restart` all
/// that is not visible is removed.
Result<std::unique_ptr<Checkpoint>> open_checkpoint(const RunOptions& options, const Registry& registry);

/// Names what a job with these sinks may leave behind, so that whoever comes next can remove it.
std::vector<Token> residues_of(const Plan& plan, const std::map<int, std::unique_ptr<Sink>>& sinks);

/// Nothing that is staged is needed any more: removes it.
Result<> end_attempts(Checkpoint& checkpoint, const Registry& registry);

}  // namespace klein
