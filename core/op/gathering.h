#pragma once
// Gathering — an operator whose calls cost less a row where they have many rows, such as a model's. The runtime gives
// it several batches in one of its task's steps, where they are there, and waits for more as long as its rows may wait.
// The rows are leased until the step is over, so it may hold them within one.

#include <cstdint>

#include "op/operator.h"

namespace klein {

class Gathering {
 public:
  virtual ~Gathering() = default;
  /// How many rows its next call is to have at best; 1 or more.
  virtual std::int64_t wanted_rows() const = 0;
  /// Nanoseconds from when a row was admitted until it should have passed; 0: no bound, so none waits for others.
  virtual std::int64_t latency() const = 0;
  /// Called whenever it was given rows: the step has no more. What it held is to be emitted.
  virtual Result<Progress> end_step(Output& out) = 0;
};

}  // namespace klein
