#pragma once
// WorkerWatch — the one thread that waits for the worker processes of this process: for the bell that they ring when
// they have answered, for what they print, for their ends, and for the time when one is beyond its limits. It wakes
// tasks and does no work of theirs. The thread runs while there are workers.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace klein {

class Worker;

class WorkerWatch {
 public:
  /// Never ends: threads may still be in it when the process does.
  static WorkerWatch& of_this_process();
  /// An eventfd that workers write to.
  Result<int> bell() KLEIN_EXCLUDES(mutex_);
  void add(std::shared_ptr<Worker> worker) KLEIN_EXCLUDES(mutex_);

 private:
  WorkerWatch() = default;
  void run();
  bool turn();  // false: there is nobody left to watch
  void see(std::uint64_t what);
  void listen(int descriptor, std::uint64_t what) const KLEIN_REQUIRES(mutex_);
  std::vector<std::shared_ptr<Worker>> workers() const KLEIN_EXCLUDES(mutex_);

  mutable Mutex mutex_;
  int events_ KLEIN_GUARDED_BY(mutex_) = -1, bell_ KLEIN_GUARDED_BY(mutex_) = -1;  // set once
  std::map<std::uint64_t, std::shared_ptr<Worker>> workers_ KLEIN_GUARDED_BY(mutex_);
  std::uint64_t next_ KLEIN_GUARDED_BY(mutex_) = 1;
  bool running_ KLEIN_GUARDED_BY(mutex_) = false;
};

}  // namespace klein
