#pragma once
// RemoteCalls — a function whose calls are made in another process: they are given, several at a time, and answered
// later. One task's; one thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "op/operator.h"

namespace klein {

class RemoteCalls {
 public:
  struct Answer {
    std::int64_t call = 0;
    std::vector<Batch> made = {};  // each row with the row of the call's batch that it comes from
    std::optional<Error> error = {};
    /// The process that had it is gone, and `error` says how; nothing is known of what the call did.
    bool lost = false;
    bool begun = false;     // with `lost`: it was at this call
    std::int64_t took = 0;  // nanoseconds, since it was given or the one before was answered
  };
  virtual ~RemoteCalls() = default;
  /// Begins; `context` outlives this. Its waker is woken when there are answers.
  virtual Result<> open(const Context& context) = 0;
  /// Whether another call can be given now.
  virtual bool has_room() const = 0;
  /// `call` is above 0 and rises.
  virtual Result<> give(std::int64_t call, const Batch& batch) = 0;
  /// What was answered since the last time. An error: no call can be made at all.
  virtual Result<std::vector<Answer>> answers() = 0;
};

}  // namespace klein
