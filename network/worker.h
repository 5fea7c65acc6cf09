#pragma once
// Worker — a worker process at work: the link to it, and what the watch learns of it: its end, what it prints, how long
// it is at a call. The link is its task's; all else is any thread's.

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/waker.h"
#include "network/worker_link.h"
#include "network/worker_process.h"

namespace klein {

class Worker {
 public:
  /// Starts one and has it watched. `waker` is woken when it has answered, and when it has ended. What it prints comes
  /// out of this process's standard output and errors, each line after `label`.
  static Result<std::shared_ptr<Worker>> start(const Launch& launch, std::string label, Waker waker);
  Worker(const Launch& launch, std::string label, Waker waker, std::shared_ptr<SharedMemory> memory,
         std::unique_ptr<WorkerProcess> process);
  ~Worker() = default;

  // Its task's.
  WorkerLink& link() { return link_; }
  void is_ready() { ready_.store(true); }
  struct End {
    std::string how;    // "was killed by signal 9 (Killed)"
    std::string words;  // the last that it printed as errors
    std::int64_t call;  // that it was at; 0: none
  };
  /// Once it has ended. What it had answered before is still to be received.
  std::optional<End> end() const;
  /// It is to end by itself, soon; nobody asks for it any more.
  void stop();
  int pid() const { return process_->pid(); }

  // The watch's.
  const WorkerProcess& process() const { return *process_; }
  void look_at_bell();
  void read_prints() KLEIN_EXCLUDES(mutex_);
  /// Kills it where it is beyond its limits.
  void check(std::int64_t now) KLEIN_EXCLUDES(mutex_);
  /// After the process has ended: true once all is known of how.
  bool see_end() KLEIN_EXCLUDES(mutex_);
  /// How soon it wants to be checked again, milliseconds.
  int patience() const;

 private:
  struct Stream {
    int from, to;
    std::string line = {};  // the beginning of one
  };
  void forward(Stream& stream, bool ended) KLEIN_REQUIRES(mutex_);
  void kill_for(std::string reason) KLEIN_REQUIRES(mutex_);
  void check_call(std::int64_t now) KLEIN_REQUIRES(mutex_);

  const Launch launch_;
  const std::string label_;
  const std::shared_ptr<SharedMemory> memory_;
  const std::unique_ptr<WorkerProcess> process_;
  const std::int64_t started_;
  WorkerLink link_;
  std::atomic<bool> ready_{false};
  mutable Mutex mutex_;
  Waker waker_ KLEIN_GUARDED_BY(mutex_);
  Stream output_ KLEIN_GUARDED_BY(mutex_), errors_ KLEIN_GUARDED_BY(mutex_);
  std::string words_ KLEIN_GUARDED_BY(mutex_), killed_for_ KLEIN_GUARDED_BY(mutex_);
  std::int64_t stopped_ KLEIN_GUARDED_BY(mutex_) = 0;
  std::optional<End> end_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace klein
