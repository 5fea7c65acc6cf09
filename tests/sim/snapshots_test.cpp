// Whole jobs on the seeded executor, stopped at any moment and gone on with: at any parallelism, over a store that
// fails, every row is committed once. A failing seed prints the line that repeats it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>

#include "api/klein.h"
#include "store/faulty_store.h"
#include "tests/sim/gathered_test.h"
#include "tests/sim/held_test.h"
#include "tests/sim/staging_test.h"

namespace klein::sim {
namespace {

const Registry& kinds() {
  static const Registry made = [] {
    Registry all = registry();
    const auto same = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs[0]; };
    all.add(SourceKind{.name = "sim_numbers",
                       .doc = "",
                       .params = {{.name = "first", .type = ParamType::int64, .doc = ""},
                                  {.name = "splits", .type = ParamType::int64, .doc = ""}},
                       .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
                         return std::make_unique<Numbers>(params.int64("first"), params.int64("splits"));
                       }});
    for (const auto& [name, most] : {std::pair("sim_slow", 50'000'000LL), std::pair("sim_very_slow", 10'000'000'000LL)})
      all.add(OperatorKind{
          .name = name,
          .doc = "",
          .slow = true,
          .schema = same,
          .make = [most = most](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
            return std::make_unique<Slow>(most);
          }});
    all.add(gathered_kind("sim_gathered"));
    all.add(held_kind("sim_held", false));
    all.add(held_kind("sim_held_changes", true));
    all.add(OperatorKind{
        .name = "sim_summed",
        .doc = "",
        .max_parallelism = 1,
        .stateful = true,
        .schema = same,
        .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
          return std::make_unique<Summed>();
        }});
    all.add(staging_sink_kind());
    return all;
  }();
  return made;
}

struct Shape {
  const char* name;
  int sources;
  std::vector<std::string> steps;  // behind the union of the sources: a kind, and its parameters in JSON
};

// Ids are times too, in milliseconds; each is a window's only row of its key.
const std::string timed = R"(with_event_time {"column": "id"})";
const std::string tumbled =
    R"-(aggregate {"keys": "id", "window": "tumbling(7ms)", "time": "id", "aggregates": {"n": "count()"}})-";
const std::string sessions =
    R"-(aggregate {"keys": "id", "window": "session(5ms)", "time": "id", "aggregates": {"n": "count()"}})-";

const std::vector<Shape> shapes = {
    {"copy", 1, {}},
    {"slow", 1, {"sim_slow"}},
    {"slow slow", 1, {"sim_slow", "sim_slow"}},
    {"summed", 1, {"sim_slow", "sim_summed"}},
    {"union", 2, {"sim_slow"}},
    {"union summed", 2, {"sim_summed", "sim_slow"}},
    {"gathered", 2, {"sim_gathered"}},
    {"slow gathered", 2, {"sim_slow", "sim_gathered", "sim_slow"}},
    {"held", 1, {"sim_held"}},
    {"slow held slow", 2, {"sim_slow", "sim_held", "sim_slow"}},
    {"held changes", 1, {"sim_held_changes"}},
    {"slow held changes slow", 2, {"sim_slow", "sim_held_changes", "sim_slow"}},
    {"windows", 1, {timed, tumbled}},
    {"slow windows", 1, {timed, "sim_slow", tumbled, "sim_slow"}},
    {"sessions", 1, {timed, "sim_slow", sessions}}};

Plan plan_of(const Shape& shape, std::int64_t splits) {
  Plan plan;
  const auto add = [&](const std::string& step, Value::Map given, std::vector<Edge> inputs) {
    const auto kind = step.substr(0, step.find(' '));
    if (kind.size() < step.size()) given = *parse_json(step.substr(kind.size()))->get<Value::Map>();
    auto params = Params::make(**kinds().params(kind), given);
    const auto place = static_cast<int>(plan.steps.size());
    plan.steps.push_back({.name = kind + std::to_string(place),
                          .kind = kind,
                          .params = *std::move(params),
                          .inputs = std::move(inputs),
                          .schema = std::nullopt});
    return place;
  };
  std::vector<Edge> sources;
  for (int i = 0; i < shape.sources; ++i)
    sources.push_back({add("sim_numbers", {{"first", i * 100'000}, {"splits", splits}}, {})});
  int last = sources.front().step;
  if (shape.sources > 1) last = add("union", {}, sources);
  for (const auto& step : shape.steps) last = add(step, {}, {{last}});
  add("sim_sink", {}, {{last}});
  return plan;
}

std::vector<std::int64_t> expected(const Shape& shape, std::int64_t splits) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < shape.sources; ++i) {
    for (std::int64_t row = 0; row < splits * Numbers::rows; ++row) ids.push_back(i * 100'000 + row);
  }
  return ids;
}

struct Outcome {
  int deaths = 0, resumed = 0, snapshots = 0, given_up = 0, store_faults = 0;
};

/// A job and the disk under its checkpoint.
struct Life {
  explicit Life(std::uint64_t seed, bool on_threads = false) : threads(on_threads) {
    world = std::make_shared<World>(seed);
    auto& random = world->random;
    shape = &shapes[random.below(shapes.size())];
    splits = 1 + static_cast<std::int64_t>(random.below(4));
    mode = random.chance(50) ? Mode::stream : Mode::batch;
    world->deaths = deaths = static_cast<int>(random.below(5));
    faults = random.chance(50) ? static_cast<unsigned>(random.below(25)) : 0U;
  }

  /// One attempt; nothing: it failed.
  std::optional<RunReport> attempt() {
    auto& random = world->random;
    const bool mended = world->attempt > 20;
    const StoreFaults percent{.refused = mended ? 0 : faults, .answer_lost = mended ? 0 : faults, .read_refused = 0};
    const auto store = std::make_shared<FaultyStore>(*memory, percent, random.next());
    RunOptions options{.cores = 1 + static_cast<int>(random.below(4)), .mode = mode};
    if (!threads) options.seed = random.next();
    options.store = store;
    options.pace.interval = 1'000'000 + static_cast<std::int64_t>(random.below(60'000'000));
    if (random.below(3) == 0) options.pace.timeout = 1 + static_cast<std::int64_t>(random.below(30'000'000));
    options.pace.retention = 1 + static_cast<int>(random.below(3));
    world->job = nullptr;
    auto job = Job::start(plan_of(*shape, splits), options, kinds());
    if (job.ok()) world->job = job->get();
    auto report = job.ok() ? (*job)->wait() : std::move(job).error();
    store_faults += store->fired();
    if (report.ok()) return *std::move(report);
    EXPECT_GT(store->fired(), 0) << report.error().text();
    return std::nullopt;
  }

  const bool threads;
  const Shape* shape;
  std::int64_t splits;
  Mode mode;
  int deaths, store_faults = 0;
  unsigned faults;
  const std::shared_ptr<Store> memory = make_memory_store();
};

void compare(const Life& life) {
  auto &seen = world->visible, wanted = expected(*life.shape, life.splits);
  std::sort(seen.begin(), seen.end());
  std::vector<std::int64_t> lost, extra;
  std::set_difference(wanted.begin(), wanted.end(), seen.begin(), seen.end(), std::back_inserter(lost));
  std::set_difference(seen.begin(), seen.end(), wanted.begin(), wanted.end(), std::back_inserter(extra));
  ASSERT_EQ(lost, std::vector<std::int64_t>{}) << "of " << wanted.size() << ", in attempt " << world->attempt;
  ASSERT_EQ(extra, std::vector<std::int64_t>{});
  EXPECT_TRUE(world->staged.empty()) << "left behind: " << world->staged.begin()->first;
  const auto& steps = life.shape->steps;
  if (std::find(steps.begin(), steps.end(), "sim_summed") != steps.end()) {
    EXPECT_EQ(Summed::last, std::accumulate(wanted.begin(), wanted.end(), std::int64_t{0}));
  }
}

/// One job to its end, over as many attempts as it takes.
void live(std::uint64_t seed, Outcome& outcome, bool on_threads = false) {
  Life life(seed, on_threads);
  SCOPED_TRACE(life.shape->name);
  for (world->attempt = 1;; ++world->attempt) {
    ASSERT_LT(world->attempt, 100);
    const auto report = life.attempt();
    if (!report) continue;
    outcome.snapshots += static_cast<int>(report->snapshots.sealed);
    outcome.given_up += static_cast<int>(report->snapshots.given_up);
    outcome.resumed += report->resumed_from > 0 ? 1 : 0;
    if (!report->stopped) break;
  }
  outcome.deaths += life.deaths - world->deaths;
  outcome.store_faults += life.store_faults;
  compare(life);
}

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(Simulation, a_job_that_is_left_at_any_moment_and_gone_on_with_commits_every_row_once) {
  const auto first = environment("KLEIN_FIRST_SEED", 0), count = environment("KLEIN_SEEDS", 400);
  Outcome outcome;
  for (auto seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("KLEIN_FIRST_SEED=" + std::to_string(seed) +
                 " KLEIN_SEEDS=1 klein_tests --gtest_filter=Simulation.*left_at_any_moment*");
    live(seed, outcome);
    if (testing::Test::HasFatalFailure() || testing::Test::HasFailure()) return;
  }
  if (count < 100) return;
  // The faults fired, and before the end.
  EXPECT_GT(outcome.deaths, static_cast<int>(count / 2));
  EXPECT_GT(outcome.resumed, static_cast<int>(count / 4));
  EXPECT_GT(outcome.snapshots, static_cast<int>(count));
  EXPECT_GT(outcome.given_up, static_cast<int>(count / 10));
  EXPECT_GT(outcome.store_faults, static_cast<int>(count));
  EXPECT_GT(Gathered::calls_of_several, static_cast<int>(count / 10));
}

TEST(OnThreads, a_job_that_is_left_at_any_moment_and_gone_on_with_commits_every_row_once) {
  Outcome outcome;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    live(seed, outcome, true);
    if (testing::Test::HasFatalFailure() || testing::Test::HasFailure()) return;
  }
  EXPECT_GT(outcome.deaths, 3);
  EXPECT_GT(outcome.snapshots, 12);
}

TEST(Simulation, a_stop_is_tried_again_until_a_snapshot_holds) {
  int given_up = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    world = std::make_shared<World>(seed);
    const std::shared_ptr<Store> memory = make_memory_store();
    RunOptions options{.cores = 2};
    options.seed = seed;
    options.store = std::make_shared<FaultyStore>(
        *memory, StoreFaults{.refused = seed == 0 ? 0U : 60U, .answer_lost = 0, .read_refused = 0}, seed);
    options.pace.interval = 0;
    auto job = Job::start(plan_of({"", 1, {"sim_very_slow", "sim_very_slow"}}, 2), options, kinds());
    if (!job.ok()) continue;  // the store did not even open
    (*job)->stop(Stop::drain);
    const auto report = (*job)->wait();
    ASSERT_TRUE(report.ok()) << report.error().text();
    EXPECT_TRUE(report->stopped) << "seed " << seed;
    EXPECT_EQ(report->snapshots.sealed, 1);
    given_up += static_cast<int>(report->snapshots.given_up);
  }
  EXPECT_GT(given_up, 0);
}

TEST(Simulation, a_snapshot_waits_for_no_slow_step) {
  world = std::make_shared<World>(1);
  RunOptions options{.cores = 2, .mode = Mode::stream};
  options.seed = 1;
  options.store = make_memory_store();
  options.pace.interval = 1'000'000'000;
  auto job = Job::start(plan_of({"", 1, {"sim_very_slow", "sim_very_slow"}}, 2), options, kinds());
  ASSERT_TRUE(job.ok()) << job.error().text();
  const auto report = (*job)->wait();
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_GT(
      report->snapshots.sealed, 50);  // a minute and more passes in some twenty steps of five seconds, two at a time
  EXPECT_EQ(report->snapshots.given_up, 0);
  EXPECT_LT(report->snapshots.longest_seconds, .1);
  EXPECT_EQ(world->visible.size(), 120U);
}

TEST(Simulation, a_snapshot_older_than_its_timeout_is_given_up_and_the_next_one_holds) {
  world = std::make_shared<World>(1);
  RunOptions options{.cores = 2, .mode = Mode::stream};
  options.seed = 1;
  options.store = make_memory_store();
  options.pace = {.interval = 1'000'000'000, .timeout = 1, .retention = 2};
  auto job = Job::start(plan_of({"", 1, {"sim_slow", "sim_very_slow"}}, 2), options, kinds());
  ASSERT_TRUE(job.ok()) << job.error().text();
  const auto report = (*job)->wait();
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_GT(report->snapshots.given_up, 0);
  EXPECT_NE(report->snapshots.failure.find("the timeout"), std::string::npos);
  EXPECT_EQ(world->visible.size(), 120U);
  const auto told = (*job)->status();
  EXPECT_EQ(told.state, "finished");
  EXPECT_EQ(told.snapshots->given_up, report->snapshots.given_up);
  EXPECT_EQ(told.snapshots->pace.timeout, 1);
}

}  // namespace
}  // namespace klein::sim
