#pragma once
// Coordinator — owns a job's splits, its end and its failure, and commits its sinks. It never sees a row. Any thread.

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "op/connector.h"
#include "op/registry.h"

namespace klein {

/// What a task hands over at its end: for each sink in it, the token of what it staged.
struct Token {
  std::string sink_kind;
  Bytes bytes;
};

class Coordinator {
 public:
  explicit Coordinator(const std::map<int, std::vector<Split>>& splits);
  /// Before the first turn: how many tasks there are, and who is woken once none runs.
  void expect(int tasks, Waker on_all_finished);

  // What tasks say and ask.
  std::optional<Split> next_split(int step);  // nothing: all are given out
  void finished(std::vector<Token> tokens);   // the task is gone
  void failed(Error error);                   // the first error ends the job
  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  // What the job says and asks.
  void drain() { draining_.store(true); }
  void stop();  // without commit
  int tasks_running() const;
  bool interrupted() const { return draining_.load() || stopped_.load(); }
  /// Once no task runs: make every token visible, in order, or leave nothing behind. The job's error, if it has one.
  Result<> conclude(const Registry& registry, const std::vector<const Sink*>& sinks);

 private:
  std::atomic<bool> draining_{false}, stopping_{false}, stopped_{false};
  mutable Mutex mutex_;
  std::map<int, std::deque<Split>> splits_ KLEIN_GUARDED_BY(mutex_);
  int running_ KLEIN_GUARDED_BY(mutex_) = 0;
  Waker on_all_finished_ KLEIN_GUARDED_BY(mutex_);
  std::vector<Token> tokens_ KLEIN_GUARDED_BY(mutex_);
  std::optional<Error> error_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace klein
