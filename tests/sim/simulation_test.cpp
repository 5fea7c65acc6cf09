// What users get to test their pipelines with, over kinds of our own: good plans hold under every fault, a planted bug
// is found. A failing seed prints the line that repeats it.

#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "api/klein.h"
#include "base/value.h"
#include "tests/sim/world_test.h"

namespace klein::simulation {
namespace {

/// Counts batches in a member that no snapshot has, and gives each row its batch's number.
class Forgetful final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output& out) override {
    rows_ += batch.rows();
    if (rows_ == 200) out.emit(std::move(batch));  // the last one, if nothing was forgotten
    return Progress::done;
  }

 private:
  std::int64_t rows_ = 0;
};

const Registry& kinds() {
  static const Registry made = [] {
    Registry all = registry();
    all.add(OperatorKind{
        .name = "sim_forgetful",
        .doc = "",
        .max_parallelism = 1,
        .schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs[0]; },
        .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
          return std::make_unique<Forgetful>();
        }});
    return all;
  }();
  return made;
}

Plan line_of(const std::vector<std::pair<std::string, std::string>>& steps) {
  Plan plan;
  for (const auto& [kind, given] : steps) {
    auto params = Params::make(**kinds().params(kind), *parse_json(given)->get<Value::Map>());
    Step step{.name = kind, .kind = kind, .params = *std::move(params), .inputs = {}, .schema = {}};
    if (!plan.steps.empty()) step.inputs = {{static_cast<int>(plan.steps.size()) - 1}};
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

std::string range_of(int rows) { return R"({"stop": )" + std::to_string(rows) + "}"; }

/// Ids are times too, in milliseconds; each is a window's only row of its key.
Plan windows_of(int rows) {
  return line_of(
      {{"range", range_of(rows)},
       {"with_event_time", R"({"column": "id"})"},
       {"aggregate", R"-({"keys": "id", "window": "tumbling(7ms)", "time": "id", "aggregates": {"n": "count()"}})-"},
       {"discard", "{}"}});
}

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string text_of(const Outcome& outcome) { return to_json(to_value(outcome)); }

using Fired = std::map<std::string, std::int64_t>;

Fired hold(const Plan& plan, Mode mode, std::uint64_t seeds) {
  Fired fired;
  const auto simulated = Simulation::make(plan, {.mode = mode}, kinds());
  EXPECT_TRUE(simulated.ok()) << simulated.error().text();
  if (!simulated.ok()) return fired;
  const auto first = environment("KLEIN_FIRST_SEED", 0), count = environment("KLEIN_SEEDS", seeds);
  for (auto seed = first; seed < first + count; ++seed) {
    const auto outcome = simulated->run(seed);
    for (const auto& [name, times] : outcome.faults) fired[name] += times;
    EXPECT_TRUE(outcome.held()) << text_of(outcome) << "\nKLEIN_FIRST_SEED=" << seed
                                << " KLEIN_SEEDS=1 klein_tests --gtest_filter=Simulation.a_users_plan*";
    if (!outcome.held()) return fired;
  }
  return fired;
}

TEST(Simulation, a_users_plan_shows_every_row_once_under_every_fault) {
  const auto limited = line_of({{"range", range_of(500)}, {"limit", R"({"count": 400})"}, {"discard", "{}"}});
  for (const auto mode : {Mode::stream, Mode::batch}) {
    hold(limited, mode, 500);
    const auto fired = hold(windows_of(200), mode, 100);
    if (environment("KLEIN_SEEDS", 100) >= 100) EXPECT_EQ(fired.size(), 19U) << "a kind of fault never fired";
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Simulation, what_a_step_keeps_and_no_snapshot_has_is_found) {
  const auto plan = line_of({{"range", range_of(200)}, {"sim_forgetful", "{}"}, {"discard", "{}"}});
  const auto simulated = Simulation::make(plan, {}, kinds());
  ASSERT_TRUE(simulated.ok()) << simulated.error().text();
  int found = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto outcome = simulated->run(seed);
    found += outcome.held() ? 0 : 1;
    EXPECT_EQ(text_of(outcome), text_of(simulated->run(seed)));
  }
  EXPECT_GT(found, 5);
}

TEST(Simulation, rows_are_compared_as_often_as_they_are_there) {
  const auto found = compared({{"sink", {{"a", 2}, {"b", 1}}}}, {{"sink", {{"a", 3}, {"c", 1}}}, {"other", {}}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].lost_rows, std::vector<std::string>{"b"});
  EXPECT_EQ(found[0].doubled_rows, std::vector<std::string>{"a"});
  EXPECT_EQ(found[0].strange_rows, std::vector<std::string>{"c"});
}

}  // namespace
}  // namespace klein::simulation
