#pragma once
// Status — how a job is now: its counters, and what they did in the last seconds.

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "runtime/executor.h"
#include "runtime/report.h"

namespace klein {

/// Of the time of a step's tasks; the three sum to 1.
struct Shares {
  double busy = 0;            // inside the step
  double back_pressured = 0;  // its task could not go on, as what follows was full
  double idle = 1;            // it had nothing to do, another step of its task had its turn, or no core was free
};

struct Status : Stats {
  std::string state;           // running, stopping, finished, stopped or failed
  std::string failure;         // why it failed
  std::string mode;            // batch or stream
  double rows_per_second = 0;  // read by sources, lately
  std::vector<Shares> shares;  // by step, lately
  struct Snapshots : SnapshotStats {
    SnapshotPace pace;
    double age_seconds = 0;         // since the last was sealed
    std::int64_t resumed_from = 0;  // the epoch that the job went on from; 0: it began anew
  };
  std::optional<Snapshots> snapshots;  // with a checkpoint
};

/// Fills in what happened between the two.
void compare(const Stats& earlier, Status& now);
/// `wall`: nanoseconds since 1970, against which watermarks are late.
Value to_value(const Status& status, std::int64_t wall);

/// Looks at a job's counters once a second and keeps them for a few, so that what they did lately is always known.
class Recent final : public Runnable {
 public:
  /// `look`: the counters as they are; nothing: the job has ended.
  Recent(std::function<std::optional<Stats>()> look, Executor& executor);
  void begin() const { self_.wake(); }
  Turn run(int steps) override;
  /// The oldest that are kept; before the first look those of the job's begin.
  Stats earlier() const;

 private:
  const std::function<std::optional<Stats>()> look_;
  Executor& executor_;
  const Waker self_;
  mutable Mutex mutex_;
  std::deque<Stats> kept_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace klein
