// `then` on the seeded executor: the job is killed at any moment and gone on with, and what its sink shows is every row
// of the first flow, and behind the last of them every row of the second.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "api/klein.h"
#include "tests/sim/staging_test.h"

namespace klein::sim {
namespace {

constexpr std::int64_t second = 100'000, splits = 3;

const Registry& kinds() {
  static const Registry made = [] {
    Registry all = registry();
    all.add(SourceKind{.name = "sim_numbers",
                       .doc = "",
                       .params = {{.name = "first", .type = ParamType::int64, .doc = ""}},
                       .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
                         return std::make_unique<Numbers>(params.int64("first"), splits);
                       }});
    all.add(OperatorKind{
        .name = "sim_slow",
        .doc = "",
        .slow = true,
        .schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs[0]; },
        .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
          return std::make_unique<Slow>(20'000'000);
        }});
    all.add(staging_sink_kind());
    return all;
  }();
  return made;
}

struct Lived {
  int deaths = 0, resumed = 0;
};

/// Of the second flow, which no slow step spreads.
void expect_splits_in_order(const std::vector<std::int64_t>& seen) {
  for (std::int64_t split = 0; split < splits; ++split) {
    std::vector<std::int64_t> own;
    const auto from = second + split * Numbers::rows;
    std::copy_if(seen.begin(), seen.end(), std::back_inserter(own),
                 [&](std::int64_t id) { return id >= from && id < from + Numbers::rows; });
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end())) << "split " << split;
  }
}

/// One job to its end, over as many attempts as it takes.
void live(std::uint64_t seed, Lived& lived) {
  world = std::make_shared<World>(seed);
  const auto deaths = world->deaths = static_cast<int>(world->random.below(6));
  const auto plan = plan_from_json(R"({"steps": [{"kind": "sim_numbers", "name": "a", "params": {"first": 0}},
                                       {"kind": "sim_slow", "inputs": ["a"]},
                                       {"kind": "sim_numbers", "name": "b", "params": {"first": 100000}},
                                       {"kind": "then", "inputs": ["sim_slow", "b"]},
                                       {"kind": "sim_sink", "inputs": ["then"]}]})",
                                   kinds());
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  const std::shared_ptr<Store> store = make_memory_store();
  for (world->attempt = 1;; ++world->attempt) {
    ASSERT_LT(world->attempt, 50);
    RunOptions options{.cores = 1 + static_cast<int>(world->random.below(4)), .mode = Mode::stream};
    options.seed = world->random.next();
    options.store = store;
    options.pace.interval = 1'000'000 + static_cast<std::int64_t>(world->random.below(30'000'000));
    world->job = nullptr;
    auto job = Job::start(*plan, options, kinds());
    ASSERT_TRUE(job.ok()) << job.error().text();
    world->job = job->get();
    const auto report = (*job)->wait();
    ASSERT_TRUE(report.ok()) << report.error().text();
    lived.resumed += report->resumed_from > 0 ? 1 : 0;
    if (!report->stopped) break;
  }
  lived.deaths += deaths - world->deaths;
  auto& seen = world->visible;
  const auto is_first = [](std::int64_t id) { return id < second; };
  EXPECT_TRUE(std::is_partitioned(seen.begin(), seen.end(), is_first));
  expect_splits_in_order(seen);
  std::sort(seen.begin(), seen.end());
  std::vector<std::int64_t> wanted(2 * splits * Numbers::rows);
  std::iota(wanted.begin(), wanted.begin() + splits * Numbers::rows, 0);
  std::iota(wanted.begin() + splits * Numbers::rows, wanted.end(), second);
  EXPECT_EQ(seen, wanted);
}

TEST(Simulation, then_shows_the_second_flow_behind_the_first_however_often_the_job_is_killed) {
  Lived lived;
  for (std::uint64_t seed = 0; seed < 200 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    live(seed, lived);
  }
  EXPECT_GT(lived.deaths, 100);
  EXPECT_GT(lived.resumed, 50);
}

}  // namespace
}  // namespace klein::sim
