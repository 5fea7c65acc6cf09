// A source that splits come to while it is read, on the seeded executor: the job is killed at any moment and gone on
// with, and every row of every split is committed once.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "api/klein.h"
#include "tests/sim/staging_test.h"

namespace klein::sim {
namespace {

constexpr std::int64_t most_splits = 9;

/// Numbers, of which some splits are there from the begin and others come later. It ends the job when all are shown.
class Growing final : public Source, public Discoverer {
 public:
  explicit Growing(bool splits_end) : numbers_(0, most_splits), splits_end_(splits_end) {}
  bool bounded() const override { return false; }
  Schema schema() const override { return id_schema(); }
  Result<std::vector<Split>> splits() const override { return KLEIN_TRY(look({})).splits; }
  const Discoverer* discoverer() const override { return this; }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    return std::make_unique<Reader>(KLEIN_TRY(numbers_.open(split, size)), splits_end_);
  }

  std::int64_t interval() const override { return 4'000'000; }
  bool splits_end() const override { return splits_end_; }
  Result<Found> look(BytesView since) const override {
    const std::scoped_lock lock(world->mutex);
    world->maybe_die();
    if (world->random.chance(20)) return Error(Code::unavailable, "not now");
    const auto known = since.empty() ? 0 : std::stoll(std::string(since));
    auto all = KLEIN_TRY(numbers_.splits());
    if (known == most_splits && world->visible.size() >= most_splits * Numbers::rows && world->job.load())
      world->job.load()->stop(Stop::drain);
    const auto there = std::min<std::int64_t>(most_splits, known + static_cast<std::int64_t>(world->random.below(3)));
    return Found{{all.begin() + known, all.begin() + there}, std::to_string(there)};
  }

 private:
  /// Waits for ever behind the last row, where splits have no end.
  class Reader final : public SplitReader {
   public:
    Reader(std::unique_ptr<SplitReader> reader, bool ends) : reader_(std::move(reader)), ends_(ends) {}
    Result<Pulled> pull(const Context& context) override {
      auto pulled = KLEIN_TRY(reader_->pull(context));
      if (pulled.what == Pulled::What::end && !ends_) pulled.what = Pulled::What::nothing_yet;
      return pulled;
    }

   private:
    const std::unique_ptr<SplitReader> reader_;
    const bool ends_;
  };
  const Numbers numbers_;
  const bool splits_end_;
};

const Registry& kinds() {
  static const Registry made = [] {
    Registry all = registry();
    all.add(SourceKind{.name = "sim_growing",
                       .doc = "",
                       .params = {{.name = "splits_end", .type = ParamType::boolean, .doc = ""}},
                       .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
                         return std::make_unique<Growing>(params.boolean("splits_end"));
                       }});
    all.add(staging_sink_kind());
    return all;
  }();
  return made;
}

Plan plan_of(bool splits_end) {
  const auto text = std::string(R"({"steps": [{"kind": "sim_growing", "params": {"splits_end": )") +
                    (splits_end ? "true" : "false") + R"(}}, {"kind": "sim_sink", "inputs": ["sim_growing"]}]})";
  auto plan = plan_from_json(text, kinds());
  EXPECT_TRUE(plan.ok()) << plan.error().text();
  return *std::move(plan);
}

/// One job to its end, over as many attempts as it takes; how often it was killed.
int live(std::uint64_t seed) {
  world = std::make_shared<World>(seed);
  const auto deaths = world->deaths = static_cast<int>(world->random.below(5));
  const auto plan = plan_of(world->random.chance(50));
  const std::shared_ptr<Store> store = make_memory_store();
  for (world->attempt = 1; world->attempt < 50; ++world->attempt) {
    RunOptions options{.cores = 1 + static_cast<int>(world->random.below(4))};
    options.seed = world->random.next();
    options.store = store;
    options.pace.interval = 1'000'000 + static_cast<std::int64_t>(world->random.below(30'000'000));
    world->job = nullptr;
    auto job = Job::start(plan, options, kinds());
    if (!job.ok()) {
      EXPECT_EQ(job.error().code(), Code::unavailable) << job.error().text();  // the first look
      continue;
    }
    world->job = job->get();
    const auto report = (*job)->wait();
    EXPECT_TRUE(report.ok()) << report.error().text();
    if (world->visible.size() >= most_splits * Numbers::rows) break;
  }
  auto& seen = world->visible;
  std::sort(seen.begin(), seen.end());
  std::vector<std::int64_t> wanted(most_splits * Numbers::rows);
  std::iota(wanted.begin(), wanted.end(), 0);
  EXPECT_EQ(seen, wanted) << "in attempt " << world->attempt;
  return deaths - world->deaths;
}

TEST(Simulation, rows_of_splits_that_come_later_are_committed_once_however_often_the_job_is_killed) {
  int deaths = 0;
  for (std::uint64_t seed = 0; seed < 200 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    deaths += live(seed);
  }
  EXPECT_GT(deaths, 100);
}

}  // namespace
}  // namespace klein::sim
