#pragma once
// Gather — for a chain with a step that likes many rows: how many of those that wait its task takes in one step, and
// until when it waits for more. What waits is still its channels', untaken. Of the task's thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "op/gathering.h"
#include "runtime/batching.h"
#include "runtime/input.h"
#include "runtime/metrics.h"
#include "runtime/stage.h"

namespace klein {

class Gather {
 public:
  /// For the last of a chain's steps that gather, if one does; all outlive it. Verdicts are counted with its metrics.
  static std::unique_ptr<Gather> of(const std::vector<std::unique_ptr<Stage>>& stages, ChannelInput& input);
  Gather(ChannelInput& input, const Gathering& step, UserMetrics& metrics)
      : input_(input), step_(step), metrics_(metrics), batching_(step.latency()) {}
  /// Rows to take now; 0: what waits may wait until `wait_until`.
  std::int64_t rows(std::int64_t now);
  /// 0: it does not wait for a time.
  std::int64_t wait_until() const { return wait_until_; }
  /// The next of the rows to take; nothing: what comes next is none.
  void take(std::int64_t rows, std::optional<Taken>& taken) { input_.take_rows(rows, taken); }
  void took(std::int64_t rows, std::int64_t nanoseconds) { batching_.took(rows, nanoseconds); }

 private:
  ChannelInput& input_;
  const Gathering& step_;
  UserMetrics& metrics_;
  Batching batching_;
  std::int64_t wait_until_ = 0;
};

}  // namespace klein
