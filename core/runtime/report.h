#pragma once
// RunReport — what a job did and where its time went; and Stats, the same while it runs.

#include <cstdint>
#include <string>
#include <vector>

#include "base/value.h"

namespace klein {

struct StepStats {
  std::string name, kind;
  std::int64_t rows_in = 0, rows_out = 0, rows_failed = 0, batches = 0;
  double busy_seconds = 0;  // wall time inside the step, all its tasks together
  double cpu_seconds = 0;
  int tasks = 0;
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
