#pragma once
// Task — a chain at work: takes a lease on input, runs it through its stages, and then, in one moment under the publish
// lock, pushes all output and acknowledges the input. Until then the input is the channel's, whole. Run by one thread
// at a time.

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "runtime/coordinator.h"
#include "runtime/executor.h"
#include "runtime/gather.h"
#include "runtime/input.h"
#include "runtime/link.h"
#include "runtime/sink_stage.h"
#include "runtime/stage.h"
#include "runtime/step_clock.h"
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
    const Reading* reading = nullptr;                            // of a source
    std::vector<std::pair<SinkStage*, std::string>> sinks = {};  // with their kinds; owned by a stage
    bool in_parts = true;                 // of a large step's output some may be seen before the rest is
    bool stateful = false;                // a snapshot is made between two steps
    Waker snapshots = {};                 // woken when a snapshot is complete
    bool by_row = false;                  // a step takes as many rows as it soon ends with
    std::unique_ptr<Gather> gather = {};  // a step takes as many rows as one of its own likes
  };
  Task(int id, Coordinator& coordinator) : id_(id), coordinator_(coordinator) {}
  /// Called once, before the first turn.
  void assemble(Parts parts, const Clock& clock);
  /// Before, turns do nothing: a step that was just made may have waked it.
  void begin() { begun_.store(true); }

  Turn run(int steps) override;
  int id() const { return id_; }
  const TaskMetrics& metrics() const { return metrics_; }
  /// Lets go of operators and writers; after the last turn.
  void release();

  // Snapshots. Any thread.
  /// Makes the epoch's snapshot now, where this task has no state, is a source or has no input left; where it has
  /// state, the task does so after its step: wake it. `overtake`: where a barrier is queued, too.
  void ask(Epoch epoch, bool overtake);
  /// That of the epoch, once it is complete, once. Of an epoch that was given up only what a task that has ended read
  /// and staged; while it runs, that is in its next one.
  std::optional<std::pair<Epoch, TaskSnapshot>> take_snapshot(Epoch epoch);

 private:
  Result<Turn> step();
  Result<Turn> take();
  void take_more(std::int64_t rows);
  void give(Taken& taken);
  std::int64_t rows_held() const;
  Result<Turn> advance();
  Result<> route(std::size_t stage, Port port, Batch&& batch);
  void route(std::size_t stage, Watermark watermark);
  Result<> send(const std::vector<int>& links, Batch&& batch);
  void send(const std::vector<int>& links, Watermark watermark);
  void push_outbox() KLEIN_REQUIRES(publish_);
  bool ring();  // alarms of stages; false: none is due
  void set_timer();
  void cut(std::size_t stage);  // it wants no more: all before it ends
  Result<> collect(std::size_t stage);
  void publish();
  void publish_part();
  bool writable();
  Turn held_back();
  bool abandoned() const;
  Turn finish();
  void hand_over();
  Turn begin_prepare();
  Turn fail(Error error);
  Result<> snapshot(Epoch epoch, bool overtake);
  Result<std::map<std::string, State>> take_states() const;
  Result<Turn> prepare();  // `wait`: not all sinks have staged yet
  void account(std::int64_t wall, std::int64_t cpu);

  const int id_;
  Coordinator& coordinator_;
  const Clock* clock_ = nullptr;
  Parts parts_;
  Mutex publish_;
  std::vector<Taken> holding_;  // what this step takes: several batches, or one item
  struct Outgoing {
    int link, task;  // the task that it goes to, or -1: as the link chooses
    Item item;
  };
  std::vector<Outgoing> outbox_;
  std::vector<Token> tokens_;
  std::optional<std::size_t> prepared_;  // how many sinks have staged, while they are asked to
  bool ended_ = false, finished_ = false;
  TaskMetrics metrics_;
  bool held_back_ = false;  // in this turn

  // Of the last snapshot.
  Epoch epoch_ KLEIN_GUARDED_BY(publish_);
  std::optional<TaskSnapshot> snapshot_ KLEIN_GUARDED_BY(publish_);
  bool lacks_input_ KLEIN_GUARDED_BY(publish_) = false, lacks_tokens_ KLEIN_GUARDED_BY(publish_) = false;
  bool over_ KLEIN_GUARDED_BY(publish_) = false;  // there will be no other
  std::atomic<std::int64_t> asked_{0};
  std::atomic<bool> overtake_{false}, begun_{false};
  StepClock step_clock_;
  std::int64_t source_busy_ = 0, mean_turn_ = 0, timer_ = 0;
  StepSize step_size_;
};

}  // namespace klein
