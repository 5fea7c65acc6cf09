#pragma once
// Node — the tasks of one machine and the channels between them. Its control interface is small, and the same embedded
// and in a cluster; control calls only, no row passes through it. Any thread.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "plan/views.h"
#include "runtime/budget.h"
#include "runtime/channel.h"
#include "runtime/coordinator.h"
#include "runtime/executor.h"
#include "runtime/metrics.h"
#include "runtime/report.h"
#include "runtime/restore.h"
#include "runtime/task.h"

namespace klein {

/// What the plan's edges are made of: a source or sink for each step that is one. Outlives the node.
struct Edges {
  std::map<int, std::unique_ptr<Source>> sources;
  std::map<int, std::unique_ptr<Sink>> sinks;
};

class Node {
 public:
  /// The tasks of the view and their channels. All arguments outlive the node, which outlives the executor's turns.
  Node(const PhysicalView& view, const Edges& edges, const Registry& registry, Executor& executor,
       Coordinator& coordinator, Recovery recovery);
  /// Makes and opens everything; nothing runs yet.
  Result<> deploy();
  void start();
  /// Asks every task for its snapshot: sources begin it, the others follow with the barriers that reach them, or, with
  /// `overtake`, that are on their way to them.
  void ask(Epoch epoch, bool overtake);
  struct Ready {
    int task;
    Epoch epoch;
    TaskSnapshot snapshot;
  };
  /// What tasks have ready of the epoch, and what ended ones have left of those that were given up.
  std::vector<Ready> take_snapshots(Epoch epoch);
  /// Names and kinds of the steps that run.
  std::vector<std::pair<std::string, std::string>> steps() const;
  /// Tells sources what a sealed snapshot has of them: what is left to read, by step.
  void sealed(const std::map<std::string, std::vector<Split>>& splits) const;
  /// Sources end where they are.
  void drain();
  /// Tasks end after their step.
  void stop();
  Stats stats() const;
  int tasks() const { return static_cast<int>(tasks_.size()); }
  /// Lets go of all that user code made, once no task runs.
  void release();

 private:
  struct TaskEntry {
    int chain, index;
    std::unique_ptr<Task> task;
    Waker waker;
    std::vector<ChannelInput::From> inputs = {};
    std::map<int, std::vector<Channel*>> outputs = {};  // by link
    std::vector<std::unique_ptr<Channel>> before = {};  // of rows that were on their way when the job was left
    bool stateful = false;
  };
  void connect();
  const OperatorKind* operator_at(int step) const;
  Result<std::unique_ptr<Input>> channel_input(TaskEntry& entry);
  Result<> build(TaskEntry& entry);
  Result<std::unique_ptr<Stage>> make_stage(int step, TaskEntry& entry, Task::Parts& parts);
  Result<> restore_state(Stage& stage, const TaskEntry& entry) const;
  Result<std::vector<RestoredInput::From>> restored(const TaskEntry& entry, std::size_t place);
  Result<> take_up(const TaskEntry& entry, std::size_t first, Task::Parts& parts);
  const Link* link_to(int chain, int port) const;
  Result<std::vector<Batch>> share(const std::vector<Batch>& rows, const Link* link, const TaskEntry& entry) const;
  std::vector<std::vector<int>> links_of(int step, const TaskEntry& entry, const Task::Parts& parts) const;
  StepMetrics& metrics(int step, int index);
  bool soon_ends(const Chain& chain) const;
  void fill(Context& context, int step, const TaskEntry& entry) const;
  TaskEntry& entry(int chain, int index);
  void give_watermark(int source, Stats& stats) const;

  const PhysicalView& view_;
  const Edges& edges_;
  const Registry& registry_;
  Executor& executor_;
  Coordinator& coordinator_;
  const Recovery recovery_;
  Budget budget_;
  std::vector<TaskEntry> tasks_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::map<std::pair<int, int>, std::unique_ptr<StepMetrics>> metrics_;  // by step and task index
};

}  // namespace klein
