#pragma once
// Collector — where a job's rows meet the program that asked for them: `take`, `to_arrow`, `iter_batches`. One job's
// sink `collect` fills it, one thread takes from it; any thread may do either.

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/value.h"
#include "base/waker.h"
#include "data/batch.h"

namespace klein {

class Collector final : public Object {
 public:
  /// Holds the sink back while so many batches wait to be taken; 0: never.
  explicit Collector(std::size_t capacity = 0) : capacity_(capacity) {}
  std::string text() const override { return "collector"; }

  // The sink's side.
  void writer_opened();
  void writer_closed();                       // the last one ends the stream, by its end or by the job's failure
  bool put(Batch batch, const Waker& waker);  // always taken; false: full now, `waker` is woken when there is room
  bool has_room(const Waker& waker);          // the same without a batch, for a task woken by something else

  // The program's side.
  std::optional<Batch> next();                    // waits; nothing: the stream ended
  bool wait_for(std::chrono::milliseconds time);  // true once `next` would return at once; waits at most so long
  /// All that came, in the order of the source: by split, then by row. After the job has ended.
  std::vector<Batch> all();

 private:
  bool room_or_held(const Waker& waker) KLEIN_REQUIRES(mutex_);

  const std::size_t capacity_;
  Mutex mutex_;
  Condition changed_;
  std::deque<Batch> waiting_ KLEIN_GUARDED_BY(mutex_);
  std::vector<Waker> held_ KLEIN_GUARDED_BY(mutex_);
  int writers_ KLEIN_GUARDED_BY(mutex_) = 0;
  bool ended_ KLEIN_GUARDED_BY(mutex_) = false;
};

}  // namespace klein
