#pragma once
// RunReport — what a job did and where its time went; and Stats, the same while it runs.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "op/user_metrics.h"

namespace klein {

struct StepStats {
  std::string name, kind;
  std::int64_t rows_in = 0, rows_out = 0, rows_failed = 0, batches = 0;
  double busy_seconds = 0;  // wall time inside the step, all its tasks together
  double cpu_seconds = 0;
  double back_pressured_seconds = 0;  // in which its tasks could not go on, as what follows was full; all together
  int tasks = 0;
  std::optional<std::int64_t> watermark = {};  // nanoseconds of event time: no older row follows. None: no such time
  std::optional<std::int64_t> state_memory = {}, state_disk = {};  // bytes of what is remembered by key, where known
  UserNumbers user = {};                                           // what the user's code counts
};

struct Stats {
  std::vector<StepStats> steps;     // in the order of the optimised plan
  std::int64_t rows_in = 0;         // read by sources
  std::int64_t rows_out = 0;        // taken by sinks
  std::int64_t rows_failed = 0;     // given up by on_error
  std::int64_t rows_expected = -1;  // what the sources hold together, where they know it; else -1
  std::int64_t bytes_in_flight = 0;
  double seconds = 0;
};

struct SnapshotStats {
  std::int64_t sealed = 0, given_up = 0;
  double longest_seconds = 0;      // from an epoch's begin until it is sealed
  std::int64_t largest_bytes = 0;  // of rows in flight
  std::string failure;             // why the last one that was given up was
  std::int64_t epoch = 0;          // the last that was sealed here; 0: none was
  std::int64_t sealed_at = 0;      // when, by the job's clock
  double seconds = 0;              // what it took, as above
  std::int64_t bytes = 0;
};

/// When snapshots are taken, given up and forgotten. Times are nanoseconds.
struct SnapshotPace {
  std::int64_t interval = 30'000'000'000;  // from one to the next; 0: only when asked
  std::int64_t timeout = 0;                // one that takes longer is given up; 0: none is
  int retention = 2;                       // how many sealed ones are kept
};

struct RunReport : Stats {
  double rows_per_second = 0;
  double cpu_seconds = 0;        // of this process, while the job ran
  std::int64_t peak_memory = 0;  // bytes resident at most, since the process began
  std::string bottleneck;        // the step that was busy longest
  std::string mode;
  bool stopped = false;           // ended by `stop` before its input did
  std::uint64_t trace = 0;        // of the seeded executor: a hash of every choice made; equal seeds give equal hashes
  SnapshotStats snapshots;        // with a checkpoint
  std::int64_t resumed_from = 0;  // the epoch that it went on from; 0: it began anew
  bool finished_before = false;   // an earlier run had finished: nothing was done
  std::string warning;            // about the checkpoint
};

Value to_value(const Stats& stats);
Value to_value(const RunReport& report);
/// Several lines for people: totals, then a table of steps with their share of the time.
std::string to_text(const RunReport& report);

}  // namespace klein
