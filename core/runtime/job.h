#pragma once
// Job — a plan that runs in this process: the embedded node and its coordinator under one roof. Any thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/cores.h"
#include "plan/views.h"
#include "runtime/status.h"
#include "store/store.h"

namespace klein {

class Disturbance;

struct RunOptions {
  int cores = 0;                    // executor threads; 0: as many as the cgroup gives
  std::int64_t memory = 256 << 20;  // bytes in flight between tasks
  /// Bytes of what steps remember by key that may be in memory, the rest on disk; nothing: all of it is.
  std::optional<std::int64_t> state_memory = {};
  std::optional<Mode> mode = {};           // an explicit mode
  std::optional<std::uint64_t> seed = {};  // run on the seeded single-thread executor with a virtual clock
  std::string checkpoint = {};        // a folder for snapshots, from which the same job goes on; empty: none are taken
  std::shared_ptr<Store> store = {};  // for snapshots, instead of a folder
  SnapshotPace pace = {};
  bool restart = false;                // begin anew, whatever the checkpoint holds
  Disturbance* disturbance = nullptr;  // of a run with a seed, for simulation; outlives the job
};

enum class Stop {
  /// With a checkpoint: a snapshot, from which the same job goes on. Else sources end where they are, and what was read
  /// is finished and committed.
  drain,
  now,  // as soon as each task's step ends; nothing more is committed
};

class Job {
 public:
  /// Makes the views, opens every source, step and sink, and starts. Errors before any row is read.
  static Result<std::unique_ptr<Job>> start(const Plan& plan, const RunOptions& options, const Registry& registry);
  /// Stops now and joins if it still runs.
  virtual ~Job() = default;

  /// Waits until it has ended and its output is committed. With the seeded executor, this runs it.
  virtual Result<RunReport> wait() = 0;
  /// True once `wait` would return at once. Waits at most so long.
  virtual bool wait_for(std::chrono::milliseconds time) = 0;
  virtual void stop(Stop how) = 0;
  /// Begins a snapshot as soon as none is open. `invalid` without a checkpoint.
  virtual Result<> snapshot() = 0;
  /// Takes and keeps them so from now on. `invalid` without a checkpoint, and where it can't be.
  virtual Result<> set_pace(SnapshotPace pace) = 0;
  /// Waits for no step and no store, so whoever asks may hold a lock that they need.
  virtual Status status() const = 0;
  Stats stats() const { return status(); }
};

/// Logical, optimised, execution and physical view, made as `start` would, without starting.
struct Views {
  Plan logical, optimized;
  ExecutionView execution;
  PhysicalView physical;
};
Result<Views> explain(const Plan& plan, const RunOptions& options, const Registry& registry);

}  // namespace klein
