#include "simulation/simulation.h"

#include <algorithm>
#include <utility>

#include "runtime/job.h"
#include "simulation/disturbed_kinds.h"
#include "simulation/disturbed_store.h"

namespace klein::simulation {

namespace {

constexpr int most_attempts = 100;

/// One job over all its attempts, on one disk.
class Life {
 public:
  Life(const Plan& plan, const Settings& settings, const Registry& registry, World& world)
      : plan_(plan),
        settings_(settings),
        world_(world),
        kinds_(disturbed(registry, world, settings.rows)),
        disk_(make_memory_store()) {}

  /// One process's part of it. Nothing: it was killed, or a fault ended it.
  Result<std::optional<RunReport>> attempt(int cores, bool snapshots) {
    world_.begin_attempt();
    RunOptions options{.cores = cores, .mode = settings_.mode};
    options.seed = world_.random().next();
    options.store = std::make_shared<DisturbedStore>(*disk_, world_);
    if (snapshots) options.state_memory = settings_.state_memory;
    options.pace.interval = snapshots ? interval() : 0;
    options.disturbance = &world_;
    auto job = Job::start(plan_, options, *kinds_);
    auto report = job.ok() ? (*job)->wait() : std::move(job).error();
    if (world_.dead()) return std::optional<RunReport>();
    if (report.ok()) return std::optional(*std::move(report));
    if (world_.is_fault(report.error())) return std::optional<RunReport>();
    return std::move(report).error();
  }

 private:
  std::int64_t interval() {
    const auto span = std::max<std::int64_t>(world_.span().nanoseconds, 1'000'000);
    return std::max<std::int64_t>(span / (2 + static_cast<std::int64_t>(world_.random().below(16))), 500'000);
  }

  const Plan& plan_;
  const Settings& settings_;
  World& world_;
  const std::unique_ptr<Registry> kinds_;
  const std::unique_ptr<Store> disk_;
};

std::string first_of(const std::vector<Difference>& differences) {
  const auto& one = differences.front();
  for (const auto* rows : {&one.lost_rows, &one.strange_rows, &one.doubled_rows}) {
    if (!rows->empty()) return "'" + one.sink + "' has " + rows->front() + " in one of them alone";
  }
  return "'" + one.sink + "' differs";
}

}  // namespace

Result<Simulation> Simulation::make(Plan plan, const Settings& settings, const Registry& registry) {
  if (settings.rows < 1) return Error(Code::invalid, "rows is at least 1, not " + std::to_string(settings.rows));
  Simulation made(std::move(plan), settings, registry);
  KLEIN_TRY(made.look_at_sources());
  made.expected_ = KLEIN_TRY(made.undisturbed(1, 1));
  const auto again = KLEIN_TRY(made.undisturbed(2, 3));
  const auto differences = compared(made.expected_, again);
  if (differences.empty()) return made;
  return Error(Code::invalid,
               "two undisturbed runs, at parallelism 1 and 3, gave different rows, so there is nothing to compare "
               "with: " +
                   first_of(differences) +
                   "; make what depends on time, chance, the order of rows or objects outside of the flow depend on "
                   "rows and declared states alone");
}

Result<> Simulation::look_at_sources() {
  for (const auto& step : plan_.steps) {
    const auto* kind = registry_->find_source(step.kind);
    if (!kind) continue;
    if (step.kind == "read_lines")
      return Error(Code::invalid,
                   "what read_lines reads can't be read again, so it can't be simulated; give the flow rows that it "
                   "can read twice, from klein.from_items(...) or a file")
          .at_step(step.name);
    const auto source = KLEIN_TRY(kind->make(step.params));
    if (source->bounded()) continue;
    cut_.push_back(step.name);
    if (!settings_.mode) settings_.mode = Mode::stream;
  }
  return {};
}

Result<std::map<std::string, Rows>> Simulation::undisturbed(std::uint64_t seed, int cores) {
  World world(seed, Faults::none(), span_);
  Life life(plan_, settings_, *registry_, world);
  const auto report = KLEIN_TRY(life.attempt(cores, false));
  if (!report) return Error(Code::internal, "a run without faults was disturbed");
  span_ = {.turns = world.turns(), .nanoseconds = world.now(), .rows = std::max<std::int64_t>(report->rows_in, 1)};
  return world.shown();
}

Outcome Simulation::run(std::uint64_t seed) const {
  World world(seed, settings_.faults, span_);
  Life life(plan_, settings_, *registry_, world);
  Outcome outcome{.seed = seed};
  for (bool ended = false; !ended && outcome.failure.empty();) {
    const auto report = life.attempt(1 + static_cast<int>(world.random().below(4)), true);
    const auto attempt = "attempt " + std::to_string(world.attempts());
    if (!report.ok()) outcome.failure = attempt + " failed: " + report.error().text();
    ended = report.ok() && report->has_value();
    if (ended) outcome.resumed = (*report)->resumed_from > 0;
    if (!ended && world.attempts() == most_attempts) outcome.failure = "the job did not end within " + attempt;
  }
  if (outcome.failure.empty()) outcome.failure = world.disorder();
  if (outcome.failure.empty()) outcome.differences = compared(expected_, world.shown());
  outcome.trace = world.trace();
  outcome.attempts = world.attempts();
  outcome.kills = world.kills();
  outcome.kills_planned = world.kills_planned();
  outcome.faults = world.fired();
  for (const auto& [sink, rows] : world.shown()) {
    for (const auto& [row, count] : rows) outcome.rows += count;
  }
  return outcome;
}

}  // namespace klein::simulation
