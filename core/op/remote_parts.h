#pragma once
// RemoteParts — the calls of one batch as a value: which rows each has, where it stands, and what becomes of it when it
// fails or when the process that had it dies. Facts in, verdicts out; it calls nothing.
//
// A call that fails is halved until the rows that fail stand alone; where the error names its row, at once. A call that
// a process died at is made again, alone; if that dies too, it is halved.

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "data/batch.h"
#include "op/remote_calls.h"

namespace klein {

class RemoteParts {
 public:
  enum class State { waiting, given, made, failed };
  struct Part {
    std::int64_t first, count;
    State state = State::waiting;
    std::int64_t call = 0;
    int deaths = 0;  // of processes, at it
    std::vector<Batch> made = {};
    std::optional<Error> error = {};
  };
  using Place = std::list<Part>::iterator;

  /// Rows [first, first + count) are to be called with.
  void add(std::int64_t first, std::int64_t count) { parts_.push_back({first, count}); }
  bool empty() const { return parts_.empty(); }
  /// The next to give out; nothing: none waits, or one that a process died at has to be alone.
  std::optional<Place> next();
  /// What became of the call. `batch` is what the parts are of.
  void answer(RemoteCalls::Answer answer, const Batch& batch);
  /// The first part, once it is over; in the rows' order.
  std::optional<Part> take_finished();
  void clear() {
    parts_.clear();
    unexplained_.reset();
  }
  /// The first error that no row alone was found to be behind; for those who want no row left out.
  const std::optional<Error>& unexplained() const { return unexplained_; }

 private:
  void halve(Place part, int deaths);
  void fail(Place part, Error error, const Batch& batch);
  void lose(Place part, RemoteCalls::Answer answer);

  std::list<Part> parts_;
  std::optional<Error> unexplained_;
};

}  // namespace klein
