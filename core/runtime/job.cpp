#include "runtime/job.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "base/mutex.h"
#include "runtime/node.h"

namespace klein {

namespace {

double cpu_seconds_of_process() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::int64_t peak_memory_of_process() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

/// What is known once sources are open, before anything runs.
struct Prepared {
  Views views;
  Edges edges;
  std::map<int, std::vector<Split>> splits;
  std::int64_t rows_expected = -1;
};

Result<> open_edges(const Plan& plan, const Registry& registry, Prepared& prepared, Facts& facts) {
  std::int64_t rows = 0;
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    const auto& step = plan.steps[place];
    const auto number = static_cast<int>(place);
    facts.splits.push_back(0);
    facts.bounded.push_back(true);
    const auto open = [&]() -> Result<> {
      if (const auto* kind = registry.find_source(step.kind)) {
        auto source = KLEIN_TRY(kind->make(step.params));
        auto splits = KLEIN_TRY(source->splits());
        facts.splits.back() = static_cast<std::int64_t>(splits.size());
        facts.bounded.back() = source->bounded();
        for (const auto& split : splits) rows = split.rows < 0 || rows < 0 ? -1 : rows + split.rows;
        prepared.splits[number] = std::move(splits);
        prepared.edges.sources[number] = std::move(source);
      } else if (const auto* sink_kind = registry.find_sink(step.kind)) {
        auto sink = KLEIN_TRY(sink_kind->make(step.params));
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

Result<std::unique_ptr<Prepared>> prepare(const Plan& plan, const RunOptions& options, const Registry& registry) {
  auto prepared = std::make_unique<Prepared>();
  prepared->views.logical = KLEIN_TRY(typed(plan, registry));
  prepared->views.optimized = KLEIN_TRY(optimized(prepared->views.logical, registry));
  if (options.memory < 1)
    return Error(Code::invalid, "memory is a number of bytes, at least 1: " + std::to_string(options.memory));
  if (options.cores < 0)
    return Error(Code::invalid, "cores is at least 1, or 0 for all: " + std::to_string(options.cores));
  Facts facts;
  facts.cores = options.cores > 0 ? options.cores : available_cores();
  facts.wish = options.mode;
  KLEIN_TRY(open_edges(prepared->views.optimized, registry, *prepared, facts));
  prepared->views.execution = KLEIN_TRY(execution_view(prepared->views.optimized, facts, registry));
  prepared->views.physical = place(prepared->views.execution, facts.cores, options.memory);
  return prepared;
}

class EmbeddedJob final : public Job {
 public:
  EmbeddedJob(std::unique_ptr<Prepared> prepared, const RunOptions& options, const Registry& registry)
      : prepared_(std::move(prepared)),
        registry_(registry),
        seeded_(options.seed.has_value()),
        coordinator_(prepared_->splits),
        completion_(*this),
        executor_(seeded_ ? make_seeded_executor(*options.seed)
                          : make_thread_executor(prepared_->views.physical.compute_threads)) {}

  ~EmbeddedJob() override {
    if (node_ && !ended()) {
      stop(Stop::now);
      (void)EmbeddedJob::wait();
    }
    executor_.reset();  // joins before what the tasks use goes
  }

  Result<> start() {
    auto node = Node::deploy(prepared_->views.physical, prepared_->edges, registry_, *executor_, coordinator_);
    if (!node.ok()) {
      for (const auto& [step, sink] : prepared_->edges.sinks) (void)sink->discard();
      return std::move(node).error();
    }
    node_ = *std::move(node);
    coordinator_.expect(node_->tasks(), executor_->add(completion_, Lane::light));
    begun_ = clock_.now();
    cpu_begun_ = cpu_seconds_of_process();
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
    if (how == Stop::drain) {
      node_->drain();
    } else {
      node_->stop();
    }
  }

  Stats stats() const override {
    auto stats = node_->stats();
    stats.rows_expected = prepared_->rows_expected;
    stats.seconds = static_cast<double>(clock_.now() - begun_) / 1e9;
    return stats;
  }

  const PhysicalView& view() const override { return prepared_->views.physical; }
  std::uint64_t trace() const override { return executor_->trace(); }

 private:
  /// Runs once no task does: commits or discards, and makes the report.
  class Completion final : public Runnable {
   public:
    explicit Completion(EmbeddedJob& job) : job_(job) {}
    Turn run(int) override {
      if (job_.coordinator_.tasks_running() > 0) return Turn::wait;
      job_.conclude();
      return Turn::finished;
    }

   private:
    EmbeddedJob& job_;
  };

  bool ended() const {
    const Lock lock(mutex_);
    return report_.has_value();
  }

  void conclude() {
    node_->release();
    std::vector<const Sink*> sinks;
    for (const auto& [step, sink] : prepared_->edges.sinks) sinks.push_back(sink.get());
    auto concluded = coordinator_.conclude(registry_, sinks);
    auto result = concluded.ok() ? Result<RunReport>(report()) : std::move(concluded).error();
    const Lock lock(mutex_);
    report_ = std::move(result);
    changed_.notify_all();
  }

  RunReport report() const {
    RunReport report;
    static_cast<Stats&>(report) = EmbeddedJob::stats();
    report.rows_per_second = report.seconds > 0 ? static_cast<double>(report.rows_in) / report.seconds : 0;
    report.cpu_seconds = cpu_seconds_of_process() - cpu_begun_;
    report.peak_memory = peak_memory_of_process();
    report.mode = to_string(prepared_->views.execution.mode);
    report.stopped = coordinator_.interrupted();
    const auto busiest =
        std::max_element(report.steps.begin(), report.steps.end(),
                         [](const StepStats& a, const StepStats& b) { return a.busy_seconds < b.busy_seconds; });
    if (busiest != report.steps.end() && busiest->busy_seconds > 0) report.bottleneck = busiest->name;
    return report;
  }

  const std::unique_ptr<Prepared> prepared_;
  const Registry& registry_;
  const bool seeded_;
  const SteadyClock clock_;
  Coordinator coordinator_;
  Completion completion_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Node> node_;
  std::int64_t begun_ = 0;
  double cpu_begun_ = 0;
  mutable Mutex mutex_;
  Condition changed_;
  std::optional<Result<RunReport>> report_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<Job>> Job::start(const Plan& plan, const RunOptions& options, const Registry& registry) {
  auto job = std::make_unique<EmbeddedJob>(KLEIN_TRY(prepare(plan, options, registry)), options, registry);
  KLEIN_TRY(job->start());
  return std::unique_ptr<Job>(std::move(job));
}

Result<Views> explain(const Plan& plan, const RunOptions& options, const Registry& registry) {
  return std::move(KLEIN_TRY(prepare(plan, options, registry))->views);
}

}  // namespace klein
