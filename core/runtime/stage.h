#pragma once
// Stage — one step inside a task: its operator, what waits to go through it, and where its output goes.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "op/gathering.h"
#include "op/operator.h"
#include "runtime/metrics.h"

namespace klein {

class Stage {
 public:
  /// `links_by_port[port]` are the task's links that the port feeds, beside the next stage for the main port.
  /// `makes_time`: as its kind says.
  Stage(std::unique_ptr<Operator> step, StepMetrics& metrics, std::vector<std::vector<int>> links_by_port,
        bool makes_time)
      : links(std::move(links_by_port)),
        makes_time_(makes_time),
        step_(std::move(step)),
        gathering_(dynamic_cast<Gathering*>(step_.get())),
        metrics_(metrics) {}

  Context context;  // filled by the node before `open`
  const std::vector<std::vector<int>> links;

  Result<> open();
  Result<State> snapshot() const { return step_->snapshot(); }
  Result<> restore(const State& state) { return step_->restore(state); }
  void give(int port, Batch&& batch) {
    queue_.emplace_back(port, std::move(batch));
    gathers_ = gathering_ != nullptr;
  }
  void give(Watermark watermark) {
    end_step();
    queue_.emplace_back(0, watermark);
  }
  /// There are no more batches in this step; false: its step does not ask.
  bool end_step() {
    if (gathers_) queue_.emplace_back(0, StepEnd());
    return std::exchange(gathers_, false);
  }
  const Gathering* gathering() const { return gathering_; }
  /// When its step wants to be called though nothing came; 0: never.
  std::int64_t alarm() const { return alarm_; }
  void ring() {
    alarm_ = 0;
    queue_.emplace_back(0, Ring());
  }
  bool has_work() const { return phase_ != Phase::ended && (phase_ != Phase::ready || head_ < queue_.size()); }
  bool wants_no_more() const { return phase_ == Phase::ended; }

  enum class Moved { on, blocked, finished };
  /// One call of the operator; its output is in `output()`. `finished`: it wants no more input, ever.
  Result<Moved> advance();
  Output& output() { return output_; }
  /// The watermark that has passed this stage with the last call, if one did.
  std::optional<Watermark> passed() { return std::exchange(passed_, std::nullopt); }
  bool has_more() const { return phase_ == Phase::more; }
  /// Ends it: what waits is dropped.
  void end();

  /// Nanoseconds that calls took since the last time this was asked.
  std::int64_t take_busy() { return std::exchange(busy_, 0); }
  void add_busy(std::int64_t nanoseconds) { busy_ += nanoseconds; }
  StepMetrics& metrics() { return metrics_; }

 private:
  enum class Phase { ready, more, pending, ended };
  Result<Progress> call();
  struct Ring {};
  struct StepEnd {};
  using Given = std::pair<int, std::variant<Batch, Watermark, Ring, StepEnd>>;
  Result<Progress> begin(Given& given);

  const bool makes_time_;
  const std::unique_ptr<Operator> step_;
  Gathering* const gathering_;  // it, or null
  StepMetrics& metrics_;
  Output output_;
  std::vector<Given> queue_;
  std::size_t head_ = 0;
  Phase phase_ = Phase::ready;
  std::optional<Watermark> passing_, passed_;
  StateSize state_size_{.memory = -1, .disk = -1, .keys = 0};
  std::int64_t rows_failed_ = 0, busy_ = 0, alarm_ = 0;
  bool gathers_ = false;  // it was given rows, and not told that there are no more
};

}  // namespace klein
