#include "runtime/job.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "base/mutex.h"
#include "runtime/attempt.h"
#include "runtime/discovery.h"
#include "runtime/node.h"
#include "runtime/process_usage.h"
#include "runtime/snapshots.h"
#include "runtime/state_room.h"

namespace klein {

namespace {

/// What is known once sources are open, before anything runs.
struct Prepared {
  Views views;
  Edges edges;
  std::map<std::string, std::vector<Split>> splits;  // by source: what is to be read
  std::vector<Discovery::Look> looks;                // at sources that more comes to
  std::int64_t rows_expected = -1;
};

/// The source's splits, or what an earlier attempt left of them.
Result<std::vector<Split>> splits_of(const Source& source, const std::string& step, const Manifest* last,
                                     std::vector<Discovery::Look>& looks) {
  const auto* discoverer = source.discoverer();
  if (!last && !discoverer) return source.splits();
  if (!last) {
    auto found = KLEIN_TRY(discoverer->look({}));
    looks.push_back({step, discoverer, std::move(found.position), true});
    return std::move(found.splits);
  }
  const auto looked = last->looked.find(step);
  if (discoverer && looked != last->looked.end()) looks.push_back({step, discoverer, looked->second});
  if (discoverer && looked == last->looked.end() && last->splits.contains(step)) {
    return Error(
        Code::invalid,
        "when the checkpoint was made, this source was read once and not looked at again, so what is new in it "
        "can't be told; read it as it was, or begin anew with restart=True");
  }
  const auto left = last->splits.find(step);
  return left == last->splits.end() ? std::vector<Split>{} : left->second;
}

std::int64_t rows_left(const std::vector<Split>& splits) {
  std::int64_t rows = 0;
  for (const auto& split : splits) {
    if (split.rows < 0 || !split.position.empty()) return -1;
    rows += split.rows - split.skip;
  }
  return rows;
}

Result<> open_edges(const Plan& plan, const Registry& registry, const Manifest* last, Prepared& prepared,
                    Facts& facts) {
  std::int64_t rows = 0;
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    const auto& step = plan.steps[place];
    const auto number = static_cast<int>(place);
    facts.splits.push_back(0);
    facts.bounded.push_back(true);
    const auto open = [&]() -> Result<> {
      if (const auto* kind = registry.find_source(step.kind)) {
        auto source = KLEIN_TRY(kind->make(step.params));
        auto splits = KLEIN_TRY(splits_of(*source, step.name, last, prepared.looks));
        const auto* discoverer = source->discoverer();
        facts.splits.back() = discoverer && discoverer->splits_end() ? facts.cores  // more may come
                                                                     : static_cast<std::int64_t>(splits.size());
        facts.bounded.back() = source->bounded();
        const auto left = discoverer ? -1 : rows_left(splits);
        rows = rows < 0 || left < 0 ? -1 : rows + left;
        prepared.splits[step.name] = std::move(splits);
        prepared.edges.sources[number] = std::move(source);
      } else if (const auto* sink_kind = registry.find_sink(step.kind)) {
        auto sink = KLEIN_TRY(sink_kind->make(step.params));
        if (last && last->commits) sink->resume();
        KLEIN_TRY(sink->check(schema_of(plan, step.inputs.front())));
        prepared.edges.sinks[number] = std::move(sink);
      }
      return {};
    };
    auto opened = open();
    if (!opened.ok()) return std::move(opened).error().at_step(step.name);
  }
  prepared.rows_expected = rows;
  return {};
}

Result<> check(const SnapshotPace& pace) {
  if (pace.interval < 0 || pace.timeout < 0) return Error(Code::invalid, "interval and timeout are not below 0");
  if (pace.retention < 1)
    return Error(Code::invalid, "retention is a number of snapshots, at least 1: " + std::to_string(pace.retention));
  return {};
}

Result<std::unique_ptr<Prepared>> prepare(const Plan& plan, const RunOptions& options, const Registry& registry,
                                          const Manifest* last) {
  auto prepared = std::make_unique<Prepared>();
  prepared->views.logical = KLEIN_TRY(typed(plan, registry));
  prepared->views.optimized = KLEIN_TRY(optimized(prepared->views.logical, registry));
  if (options.memory < 1)
    return Error(Code::invalid, "memory is a number of bytes, at least 1: " + std::to_string(options.memory));
  if (options.state_memory.value_or(1) < 1)
    return Error(
        Code::invalid, "state_memory is a number of bytes, at least 1: " + std::to_string(*options.state_memory));
  KLEIN_TRY(check(options.pace));
  if (options.cores < 0)
    return Error(Code::invalid, "cores is at least 1, or 0 for all: " + std::to_string(options.cores));
  Facts facts;
  facts.cores = options.cores > 0 ? options.cores : available_cores();
  facts.wish = options.mode;
  KLEIN_TRY(open_edges(prepared->views.optimized, registry, last, *prepared, facts));
  prepared->views.execution = KLEIN_TRY(execution_view(prepared->views.optimized, facts, registry));
  prepared->views.physical = place(prepared->views.execution, facts.cores, options.memory);
  return prepared;
}

class EmbeddedJob final : public Job {
 public:
  EmbeddedJob(std::unique_ptr<Prepared> prepared, std::unique_ptr<Checkpoint> checkpoint, const RunOptions& options,
              const Registry& registry)
      : prepared_(std::move(prepared)),
        checkpoint_(std::move(checkpoint)),
        state_memory_(options.state_memory.value_or(0)),
        registry_(registry),
        seeded_(options.seed.has_value()),
        coordinator_(prepared_->splits, held(), prepared_->views.execution.mode == Mode::stream),
        completion_(*this),
        executor_(seeded_ ? make_seeded_executor(*options.seed, options.disturbance)
                          : make_thread_executor(prepared_->views.physical.compute_threads)),
        recent_([this]() -> std::optional<Stats> { return ended() ? std::nullopt : std::optional(counters()); },
                *executor_) {
    if (checkpoint_) snapshots_.emplace(*checkpoint_, coordinator_, registry, options.pace);
  }

  ~EmbeddedJob() override {
    if (node_ && !ended()) {
      stop(Stop::now);
      (void)EmbeddedJob::wait();
    }
    executor_.reset();  // joins before what the tasks use goes
  }

  Result<> start() {
    if (last() && last()->finished) {
      KLEIN_TRY(end_attempts(*checkpoint_, registry_));
      checkpoint_->close();
      end(report());
      return {};
    }
    if (seeded_) KLEIN_TRY(all_in_this_process(prepared_->views.execution.plan, registry_));
    auto deployed = deploy();
    if (!deployed.ok()) {
      executor_.reset();  // first: channels that go wake their tasks
      node_.reset();
      for (const auto& [step, sink] : prepared_->edges.sinks) (void)sink->discard();
      return deployed;
    }
    begun_ = clock_.now();
    if (!seeded_) recent_.begin();  // virtual time goes on only where there is something to do
    cpu_begun_ = cpu_seconds_of_process();
    if (snapshots_) snapshots_->begin(*node_, *executor_, snapshots_waker_);  // first: a task that ends wakes it
    if (discovery_) discovery_->begin(coordinator_, *node_, *executor_, discovery_waker_);
    node_->start();
    return {};
  }

  Result<RunReport> wait() override {
    if (seeded_) {
      executor_->run_until_idle();
      if (!ended()) return Error(Code::internal, "the job hangs: no task can go on and not all have ended");
    }
    const Lock lock(mutex_);
    while (!report_) changed_.wait(mutex_);
    return *report_;
  }

  bool wait_for(std::chrono::milliseconds time) override {
    const Lock lock(mutex_);
    if (!report_) changed_.wait_for(mutex_, time);
    return report_.has_value();
  }

  void stop(Stop how) override {
    if (!node_) return;
    if (how == Stop::now) return node_->stop();
    if (snapshots_) return snapshots_->stop_after_next();
    node_->drain();
  }

  Result<> snapshot() override {
    if (!snapshots_) return Error(Code::invalid, "a job takes snapshots where it has a checkpoint; start it with one");
    snapshots_->request();
    return {};
  }

  Result<> set_pace(SnapshotPace pace) override {
    if (!snapshots_) return Error(Code::invalid, "a job takes snapshots where it has a checkpoint; start it with one");
    KLEIN_TRY(check(pace));
    snapshots_->set_pace(pace);
    return {};
  }

  Status status() const override {
    Status status;
    static_cast<Stats&>(status) = counters();
    tell_state(status);
    status.mode = to_string(prepared_->views.execution.mode);
    compare(ended() ? Stats() : recent_.earlier(), status);
    if (!snapshots_) return status;
    auto& told = status.snapshots.emplace();
    static_cast<SnapshotStats&>(told) = snapshots_->stats();
    told.pace = snapshots_->pace();
    told.age_seconds = told.epoch > 0 ? static_cast<double>(executor_->clock().now() - told.sealed_at) / 1e9 : 0;
    told.resumed_from = last() ? last()->epoch.value : 0;
    return status;
  }

 private:
  /// Runs once no task does: commits or discards, and makes the report.
  class Completion final : public Runnable {
   public:
    explicit Completion(EmbeddedJob& job) : job_(job) {}
    Turn run(int) override {
      if (job_.coordinator_.stopping()) job_.node_->start();  // who sleeps is to see it
      if (job_.coordinator_.tasks_running() > 0) return Turn::wait;
      job_.conclude();
      return Turn::finished;
    }

   private:
    EmbeddedJob& job_;
  };

  const Plan& plan() const { return prepared_->views.execution.plan; }
  const Manifest* last() const { return checkpoint_ && checkpoint_->last() ? &*checkpoint_->last() : nullptr; }
  std::vector<Token> held() const { return last() && !last()->commits ? last()->tokens : std::vector<Token>{}; }

  Result<> deploy() {
    Recovery recovery;
    if (state_memory_ > 0) room_ = KLEIN_TRY(StateRoom::make(state_memory_, prepared_->views.physical, registry_));
    if (last()) recovery = KLEIN_TRY(restore(*checkpoint_, *last(), plan(), registry_));
    recovery.room = room_.get();
    if (snapshots_) {
      snapshots_waker_ = executor_->add(*snapshots_, Lane::blocking);
      recovery.snapshots = true;
      recovery.store = checkpoint_->store();
      recovery.on_snapshot = snapshots_waker_;
      KLEIN_TRY(checkpoint_->begin_attempt(residues()));
    }
    node_ = std::make_unique<Node>(
        prepared_->views.physical, prepared_->edges, registry_, *executor_, coordinator_, std::move(recovery));
    KLEIN_TRY(node_->deploy());
    if (last()) coordinator_.go_on();
    for (const auto& look : prepared_->looks) coordinator_.found(look.source, {{}, look.position});
    if (!prepared_->looks.empty()) {
      discovery_.emplace(prepared_->looks);
      discovery_waker_ = executor_->add(*discovery_, Lane::blocking);
    }
    coordinator_.expect(node_->tasks(), {executor_->add(completion_, Lane::light), snapshots_waker_});
    return {};
  }

  bool ended() const {
    const Lock lock(mutex_);
    return report_.has_value();
  }

  void end(Result<RunReport> result) {
    const Lock lock(mutex_);
    ended_at_ = clock_.now();
    report_ = std::move(result);
    changed_.notify_all();
  }

  Stats counters() const {
    if (!node_) return {};
    auto stats = node_->stats();
    stats.rows_expected = prepared_->rows_expected;
    const Lock lock(mutex_);
    stats.seconds = static_cast<double>((report_ ? ended_at_ : clock_.now()) - begun_) / 1e9;
    return stats;
  }

  void tell_state(Status& status) const {
    const bool asked = coordinator_.interrupted() || coordinator_.stopping() || (snapshots_ && snapshots_->stops());
    const Lock lock(mutex_);
    if (!report_) {
      status.state = asked ? "stopping" : "running";
    } else if (!report_->ok()) {
      status.state = "failed";
      status.failure = report_->error().text();
    } else {
      status.state = (*report_)->stopped ? "stopped" : "finished";
    }
  }

  void conclude() {
    node_->release();
    auto concluded = commit_or_discard();
    auto error = coordinator_.take_error();
    if (!error && !concluded.ok()) error = std::move(concluded).error();
    if (checkpoint_) checkpoint_->close();
    room_.reset();
    end(error ? Result<RunReport>(*std::move(error)) : Result<RunReport>(report()));
  }

  std::vector<Token> residues() const { return residues_of(plan(), prepared_->edges.sinks); }

  Result<> commit_or_discard() {
    const bool finished = !coordinator_.stopping();
    if (snapshots_) KLEIN_TRY(snapshots_->conclude(finished));
    if (snapshots_ && (finished || snapshots_->stopped_whole())) return end_attempts(*checkpoint_, registry_);
    if (snapshots_ && (last() || snapshots_->may_hold())) return {};  // what is staged is gone on from
    if (finished) {
      KLEIN_TRY(commit(registry_, nullptr, Epoch{1}, coordinator_.tokens()));
      return clear(registry_, nullptr, residues());
    }
    Result<> discarded;
    for (const auto& [step, sink] : prepared_->edges.sinks) {
      auto done = sink->discard();
      if (discarded.ok()) discarded = std::move(done);
    }
    return discarded;
  }

  RunReport report() const {
    RunReport report;
    static_cast<Stats&>(report) = counters();
    report.rows_per_second = report.seconds > 0 ? static_cast<double>(report.rows_in) / report.seconds : 0;
    report.cpu_seconds = cpu_seconds_of_process() - cpu_begun_;
    report.peak_memory = peak_memory_of_process();
    report.mode = to_string(prepared_->views.execution.mode);
    report.stopped = coordinator_.interrupted();
    report.trace = executor_->trace();
    report.resumed_from = last() ? last()->epoch.value : 0;
    report.finished_before = last() && last()->finished;
    if (checkpoint_) report.warning = checkpoint_->warning();
    if (snapshots_) report.snapshots = snapshots_->stats();
    const auto busiest =
        std::max_element(report.steps.begin(), report.steps.end(),
                         [](const StepStats& a, const StepStats& b) { return a.busy_seconds < b.busy_seconds; });
    if (busiest != report.steps.end() && busiest->busy_seconds > 0) report.bottleneck = busiest->name;
    return report;
  }

  const std::unique_ptr<Prepared> prepared_;
  const std::unique_ptr<Checkpoint> checkpoint_;  // null without
  const std::int64_t state_memory_;
  std::unique_ptr<StateRoom> room_;  // null: rows by key are in memory
  const Registry& registry_;
  const bool seeded_;
  const SteadyClock clock_;
  Coordinator coordinator_;
  Completion completion_;
  std::optional<Discovery> discovery_;
  Waker discovery_waker_;
  std::optional<Snapshots> snapshots_;  // with a checkpoint
  Waker snapshots_waker_;
  std::unique_ptr<Executor> executor_;
  Recent recent_;
  std::unique_ptr<Node> node_;
  std::int64_t begun_ = 0;
  double cpu_begun_ = 0;
  mutable Mutex mutex_;
  Condition changed_;
  std::optional<Result<RunReport>> report_ KLEIN_GUARDED_BY(mutex_);
  std::int64_t ended_at_ KLEIN_GUARDED_BY(mutex_) = 0;
};

}  // namespace

Result<std::unique_ptr<Job>> Job::start(const Plan& plan, const RunOptions& options, const Registry& registry) {
  auto checkpoint = KLEIN_TRY(open_checkpoint(options, registry));
  const auto* last = checkpoint && checkpoint->last() ? &*checkpoint->last() : nullptr;
  auto prepared = KLEIN_TRY(prepare(plan, options, registry, last));
  auto job = std::make_unique<EmbeddedJob>(std::move(prepared), std::move(checkpoint), options, registry);
  KLEIN_TRY(job->start());
  return std::unique_ptr<Job>(std::move(job));
}

Result<Views> explain(const Plan& plan, const RunOptions& options, const Registry& registry) {
  return std::move(KLEIN_TRY(prepare(plan, options, registry, nullptr))->views);
}

}  // namespace klein
