#pragma once
// Task — a chain at work: takes a lease on input, runs it through its stages, and then, in one moment under the publish
// lock, pushes all output and acknowledges the input. Until then the input is the channel's, whole. Run by one thread
// at a time.

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "runtime/coordinator.h"
#include "runtime/executor.h"
#include "runtime/input.h"
#include "runtime/link.h"
#include "runtime/sink_stage.h"
#include "runtime/stage.h"
#include "runtime/step_size.h"

namespace klein {

class Task final : public Runnable {
 public:
  struct Parts {
    std::unique_ptr<Input> input;
    std::vector<std::unique_ptr<Stage>> stages;
    std::vector<OutputLink> links;
    std::vector<int> source_links = {};  // of a source without stages behind it: what it feeds
    StepMetrics* source_metrics = nullptr;
    std::vector<std::pair<const SinkStage*, std::string>> sinks = {};  // with their kinds; owned by a stage
    bool deterministic = true;
    bool by_row = false;  // a step takes as many rows as it soon ends with
  };
  explicit Task(Coordinator& coordinator) : coordinator_(coordinator) {}
  /// Called once, before the first turn.
  void assemble(Parts parts, const Clock& clock);

  Turn run(int steps) override;
  /// A barrier to pass on before the next item of a source. Any thread; then wake the task.
  void inject(Barrier barrier) { parts_.input->inject(barrier); }
  /// The last epoch whose barrier this task passed on.
  Epoch epoch() const { return Epoch{epoch_.load()}; }
  /// Lets go of operators and writers; after the last turn.
  void release();

 private:
  Result<Turn> step();
  Result<Turn> take();
  Result<Turn> advance();
  void route(std::size_t stage, Port port, Batch batch);
  void route(std::size_t stage, Watermark watermark);
  void send(const std::vector<int>& links, Item item);
  void cut(std::size_t stage);  // it wants no more: all before it ends
  void collect(std::size_t stage);
  void publish();
  void publish_part();
  bool writable();
  bool abandoned() const;
  Turn finish();
  Turn fail(Error error);
  void account(std::int64_t wall, std::int64_t cpu);
  void begin_step();
  void end_step();
  std::int64_t tick();  // nanoseconds since the last tick, weighted; 0 in a step that is not timed

  Coordinator& coordinator_;
  const Clock* clock_ = nullptr;
  Parts parts_;
  Mutex publish_;
  std::optional<Taken> holding_;
  std::vector<std::pair<int, Item>> outbox_;
  std::vector<Token> tokens_;
  bool ended_ = false, done_ = false;
  std::int64_t last_tick_ = 0, step_begun_ = 0, source_busy_ = 0, mean_turn_ = 0;
  std::int64_t mean_step_ = 1'000'000;  // steps are long until some were short
  std::int64_t step_busy_ = 0;
  StepSize step_size_;
  int weight_ = 1;
  unsigned steps_ = 0;
  std::atomic<std::int64_t> epoch_{0};
};

}  // namespace klein
