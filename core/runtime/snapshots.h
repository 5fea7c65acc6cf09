#pragma once
// Snapshots — carries out what the books of the epochs say: begins an epoch when it is time, stores what tasks give,
// seals, commits. Runs in the executor's blocking lane, beside the tasks; no task waits for it.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "checkpoint/checkpoint.h"
#include "runtime/coordinator.h"
#include "runtime/executor.h"
#include "runtime/report.h"
#include "runtime/storing.h"

namespace klein {

class Node;

class Snapshots final : public Runnable {
 public:
  /// All outlive this.
  Snapshots(Checkpoint& checkpoint, Coordinator& coordinator, const Registry& registry, SnapshotPace pace);
  void begin(Node& node, Executor& executor, Waker self);
  Turn run(int steps) override;
  /// From now on. Any thread.
  void set_pace(SnapshotPace pace);
  SnapshotPace pace() const;
  /// As soon as the open one is done. Any thread.
  void request();
  /// Takes one more, then stops the job. Any thread.
  void stop_after_next();
  bool stops() const { return then_stop_; }
  /// Once no task runs. `finished`: the job's input has ended; all that is staged is sealed and committed.
  Result<> conclude(bool finished);
  /// An epoch of this attempt may be sealed.
  bool may_hold() const;
  /// The job was stopped behind a snapshot whose tokens are committed: nothing that is staged will be.
  bool stopped_whole() const;
  /// Waits for no step and no store.
  SnapshotStats stats() const;

 private:
  bool due(std::int64_t now) const KLEIN_REQUIRES(mutex_);
  void give_up_overdue(std::int64_t now) KLEIN_REQUIRES(mutex_);
  void sleep(std::int64_t now) KLEIN_REQUIRES(mutex_);
  void note_failure(std::string why);
  void begin_epoch(std::int64_t now) KLEIN_REQUIRES(mutex_);
  void collect() KLEIN_REQUIRES(mutex_);
  void store_some(std::int64_t until) KLEIN_REQUIRES(mutex_);
  void decide() KLEIN_REQUIRES(mutex_);
  void seal() KLEIN_REQUIRES(mutex_);
  void discard() KLEIN_REQUIRES(mutex_);
  void settle(const Manifest& manifest) KLEIN_REQUIRES(mutex_);
  void count(const Manifest& manifest) KLEIN_REQUIRES(mutex_);
  Result<> commit_sealed(const Manifest& manifest) KLEIN_REQUIRES(mutex_);
  void sleep_until(std::int64_t time) KLEIN_REQUIRES(mutex_);

  Checkpoint& checkpoint_;
  Coordinator& coordinator_;
  const Registry& registry_;
  Node* node_ = nullptr;
  Executor* executor_ = nullptr;
  Waker self_;
  mutable Mutex mutex_;
  std::optional<Manifest> undecided_ KLEIN_GUARDED_BY(mutex_);  // of the open epoch: whether it holds is not known
  std::optional<Epoch> open_ KLEIN_GUARDED_BY(mutex_);
  Storing storing_ KLEIN_GUARDED_BY(mutex_);
  std::int64_t begun_ KLEIN_GUARDED_BY(mutex_) = 0;  // the open or the last epoch
  std::int64_t timer_ KLEIN_GUARDED_BY(mutex_) = 0;  // the earliest that is set; 0: none
  bool tried_to_seal_ KLEIN_GUARDED_BY(mutex_) = false;
  bool stopped_whole_ KLEIN_GUARDED_BY(mutex_) = false;
  bool commit_failed_ KLEIN_GUARDED_BY(mutex_) = false;    // of a sealed epoch: nothing may be committed before it
  bool try_again_ KLEIN_GUARDED_BY(mutex_) = false;        // after a while: the job waits for a snapshot to stop
  std::atomic<bool> requested_{false}, then_stop_{false};  // whoever asks waits for no lock: it may hold Python's
  std::atomic<std::int64_t> interval_, timeout_;
  std::atomic<int> retention_;
  mutable Mutex stats_mutex_;  // held for a moment: whoever looks may hold Python's lock, which a step waits for
  SnapshotStats stats_ KLEIN_GUARDED_BY(stats_mutex_);
};

}  // namespace klein
