#pragma once
// Operator — a step of a plan: made once a task, resident for its job's life, called by one thread at a time, so it
// holds plain members and no locks. It never blocks. The input of a call stays leased until the call's output is
// published: a snapshot then sees the input, so an operator keeps no rows between calls except in what `snapshot`
// gives.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/value.h"
#include "base/waker.h"
#include "data/batch.h"
#include "data/item.h"
#include "state/state.h"

namespace klein {

class Store;

enum class Progress {
  done,      // all output of this call is emitted
  more,      // `out` is full: `resume` goes on where this stopped
  pending,   // the work goes on elsewhere: the waker brings the task back to `resume`
  finished,  // done, and no input is wanted any more: the step's end follows at once
};

/// Where rows leave a step. A kind says which of them it has.
enum class Port : std::uint8_t { main, late, errors };
inline constexpr std::size_t port_count = 3;

/// What a call emits; the runtime passes it to the next step, or publishes it.
class Output {
 public:
  explicit Output(std::int64_t capacity = 8 << 20) : capacity_(capacity) {}

  void emit(Batch batch, Port port = Port::main) {
    if (batch.rows() > 0) emitted_.emplace_back(port, std::move(batch));
  }
  /// True once more bytes are emitted than travel well together: return `more`. Worth asking for kinds that multiply
  /// rows.
  bool full() {
    for (; counted_ < emitted_.size(); ++counted_) bytes_ += emitted_[counted_].second.bytes();
    return bytes_ >= capacity_;
  }
  /// For kinds that make time: what this call emitted, and all before it, is followed by nothing older.
  void emit(Watermark watermark) { watermark_ = watermark; }
  /// For the runtime: what was emitted since the last call.
  std::vector<std::pair<Port, Batch>>& emitted() { return emitted_; }
  std::optional<Watermark> take_watermark() { return std::exchange(watermark_, std::nullopt); }
  void clear() {
    emitted_.clear();
    counted_ = 0;
    bytes_ = 0;
  }

 private:
  const std::int64_t capacity_;
  std::vector<std::pair<Port, Batch>> emitted_;
  std::size_t counted_ = 0;
  std::int64_t bytes_ = 0;
  std::optional<Watermark> watermark_;
};

/// What a source's reader has under way, for steps of its chain. Written and read by the task's thread.
struct Reading {
  std::vector<std::shared_ptr<const std::string>> open;  // labels of the splits that are read now
  bool more = false;                                     // others have still to be given out: nothing is known of them
};

/// The world as a step sees it; outlives the step.
struct Context {
  std::string step;
  int task = 0, parallelism = 1;
  const Clock* clock = nullptr;
  Timers* timers = nullptr;
  Waker waker;
  /// Rows given up at this step: dropped by on_error="skip", or sent to the errors port.
  std::int64_t* rows_failed = nullptr;
  /// When `resume` is to be called though nothing came, by the job's clock; 0: never. The step sets it; it is 0 again
  /// when it has rung.
  std::int64_t* alarm = nullptr;
  const Reading* reading = nullptr;  // of a chain that begins with a source
  std::uint32_t ended = 0;           // a bit each input port whose end has come; each is told by `on_watermark`
  bool streaming = false;            // the job's mode; in a batch all results are final ones
  Store* store = nullptr;            // the checkpoint's, for what a writer stages; null where there is none
  /// Of a kind that is `late`: bytes of rows by key that the step may have in memory, and a folder that it may make for
  /// those that it may not; empty: there is no bound.
  std::string state_folder = {};
  std::int64_t state_memory = 0;
  StateSize* state_size = nullptr;  // what they take, as the step last looked
};

class Operator {
 public:
  virtual ~Operator() = default;
  /// Called once, first. `context` outlives this.
  virtual Result<> open([[maybe_unused]] const Context& context) { return {}; }
  /// Takes one non-empty batch from input `port`.
  virtual Result<Progress> process(int port, Batch batch, Output& out) = 0;
  /// Goes on after `more` or `pending`, or because the alarm rang.
  virtual Result<Progress> resume([[maybe_unused]] Output& out) { return Progress::done; }
  /// Emits what is complete now that time passed `watermark` on every input; the runtime forwards it when done.
  virtual Result<Progress> on_watermark([[maybe_unused]] Watermark watermark, [[maybe_unused]] Output& out) {
    return Progress::done;
  }
  /// What it remembers, of a kind that is `stateful`. `restore` comes right after `open`: with what `snapshot` gave, of
  /// rows by key those whose keys are this task's now.
  virtual Result<State> snapshot() const { return State(); }
  virtual Result<> restore([[maybe_unused]] const State& state) { return {}; }
};

}  // namespace klein
