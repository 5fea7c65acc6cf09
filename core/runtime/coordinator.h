#pragma once
// Coordinator — owns a job's splits, the books of its epochs, its end and its failure. It never sees a row. Any thread.

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "checkpoint/epochs.h"
#include "op/connector.h"
#include "op/registry.h"

namespace klein {

class Coordinator {
 public:
  /// What is left to read, by source; and tokens that an earlier attempt staged and that are held until the end.
  Coordinator(const std::map<std::string, std::vector<Split>>& splits, std::vector<Token> held, bool commits);
  /// Before the first turn: how many tasks there are (their ids count from 0), and who is woken when one ends.
  void expect(int tasks, std::vector<Waker> on_finished);
  /// Before the first turn: the job goes on. A split that was begun is for the reader whose place, of so many, is its
  /// order: what was on its way of it is there, too, and comes first.
  void go_on() { goes_on_.store(true); }

  /// A look at a source has found splits. Whoever reads is to be woken.
  void found(const std::string& source, const Found& found);

  // What tasks say and ask.
  struct Reader {
    int task, tasks;
    int held = 0;  // splits under way
  };
  /// Nothing: all that it may have are given out.
  std::optional<Split> next_split(const std::string& source, Reader reader);
  /// The same where all readers share a source without end: nothing, too, where it has its part.
  std::optional<Split> next_share(const std::string& source, Reader reader);
  bool has_splits(const std::string& source, Reader reader) const;  // that it may have and that are not given out
  /// The task is gone; `last` is what it leaves, after its cut of the epoch before `epoch`.
  void finished(int task, Epoch epoch, TaskSnapshot last);
  void failed(Error error);  // the first error ends the job
  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  // What the job says and asks.
  void drain() { draining_.store(true); }
  void stop();  // without commit
  int tasks_running() const;
  bool interrupted() const { return draining_.load() || stopped_.load(); }
  std::optional<Error> take_error();

  // Snapshots.
  /// Opens the epoch for the tasks that run now.
  void begin(Epoch epoch);
  void stored(int task, Epoch epoch, StoredSnapshot snapshot);
  void write_failed();
  Verdict verdict() const;
  /// The open epoch's.
  Manifest manifest() const;
  void sealed();
  void discarded();
  /// All that is staged and not committed.
  std::vector<Token> tokens() const;

 private:
  static bool begun(const Split& split) { return !split.position.empty() || split.skip > 0; }
  bool may_have(const Split& split, Reader reader) const {
    return !goes_on_.load() || !begun(split) || split.order % reader.tasks == reader.task;
  }

  std::atomic<bool> draining_{false}, stopping_{false}, stopped_{false}, goes_on_{false};
  mutable Mutex mutex_;
  std::map<std::string, std::deque<Split>> splits_ KLEIN_GUARDED_BY(mutex_);
  std::map<std::string, int> all_ KLEIN_GUARDED_BY(mutex_);  // by source: how many splits there are, given out or not
  std::set<int> running_ KLEIN_GUARDED_BY(mutex_);
  std::vector<Waker> on_finished_ KLEIN_GUARDED_BY(mutex_);
  Epochs epochs_ KLEIN_GUARDED_BY(mutex_);
  std::optional<Error> error_ KLEIN_GUARDED_BY(mutex_);
};

/// Makes every token visible, in order. Again with the same tokens: nothing happens.
Result<> commit(const Registry& registry, Store* store, Epoch epoch, const std::vector<Token>& tokens);
/// Removes what the tokens staged.
Result<> abort(const Registry& registry, Store* store, Epoch epoch, const std::vector<Token>& tokens);
/// Removes all that the runs staged whose residues these are.
Result<> clear(const Registry& registry, Store* store, const std::vector<Token>& residues);

}  // namespace klein
