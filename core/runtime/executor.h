#pragma once
// Executor — runs many tasks on few threads. A task is run by one thread at a time and says after each turn whether it
// goes on; a wake brings it back. Two implementations of one contract: threads, and one seeded thread with a virtual
// clock whose every choice comes from the seed.

#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/waker.h"
#include "op/registry.h"

namespace klein {

enum class Turn {
  again,     // there is more to do
  wait,      // a wake brings it back
  finished,  // never again
};

class Runnable {
 public:
  virtual ~Runnable() = default;
  /// Does a bounded piece of work, at most `steps` steps.
  virtual Turn run(int steps) = 0;
};

/// What befalls a run on the seeded executor. For simulation.
class Disturbance {
 public:
  virtual ~Disturbance() = default;
  /// Asked before each turn, with the virtual clock: how far the clock jumps, in nanoseconds. Nothing: the executor
  /// stops here for ever, and what its tasks hold is left as a process that was killed leaves it.
  virtual std::optional<std::int64_t> before_turn(std::int64_t now) = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;  // waits for turns in progress; the rest is not run
  /// `task` is not run before it is first woken, and must outlive the executor or its own `finished`.
  virtual Waker add(Runnable& task, Lane lane) = 0;
  virtual const Clock& clock() const = 0;
  virtual Timers& timers() = 0;
  /// The seeded executor runs here, in the calling thread, until no task can go on; with threads it does nothing.
  virtual void run_until_idle() = 0;
  /// A hash of every choice made so far; 0 with threads.
  virtual std::uint64_t trace() const = 0;
};

/// `compute` threads for the compute lane, made when there is work for them, one for the light lane, and two
/// for the blocking one.
std::unique_ptr<Executor> make_thread_executor(int compute);
/// `disturbance`, where there is one, outlives it.
std::unique_ptr<Executor> make_seeded_executor(std::uint64_t seed, Disturbance* disturbance = nullptr);

}  // namespace klein
