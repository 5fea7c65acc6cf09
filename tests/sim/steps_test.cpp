// What the runtime owes a step, in whole jobs on both executors: rows of one key meet, and an alarm calls.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <numeric>

#include "api/klein.h"
#include "tests/sim/world_test.h"

namespace klein::sim {
namespace {

/// What steps of all tasks have done in the job that runs.
struct Done {
  std::mutex mutex;
  std::vector<std::int64_t> ids;
  bool rang = false;
};
Done done;

/// Each row three times.
class Thrice final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output& out) override {
    for (int i = 0; i < 3; ++i) out.emit(batch);
    return Progress::done;
  }
};

/// Notes an id once it has come three times.
class Third final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output&) override {
    const std::scoped_lock lock(done.mutex);
    for (const auto id : ids_of(batch)) {
      if (++times_[id] == 3) done.ids.push_back(id);
    }
    return Progress::done;
  }

 private:
  std::map<std::int64_t, int> times_;
};

/// A row, and then nothing, nor any news of more, until an alarm has rung.
class Silent final : public Source {
 public:
  bool bounded() const override { return true; }
  Schema schema() const override { return id_schema(); }
  Result<std::vector<Split>> splits() const override { return std::vector<Split>{{.id = "silent"}}; }
  Result<std::unique_ptr<SplitReader>> open(const Split&, ReadSize) const override {
    return std::make_unique<Reader>();
  }

 private:
  class Reader final : public SplitReader {
   public:
    Result<Pulled> pull(const Context&) override {
      if (std::exchange(first_, false)) return Pulled{Pulled::What::rows, numbers(0, 1), "1"};
      const std::scoped_lock lock(done.mutex);
      return Pulled{done.rang ? Pulled::What::end : Pulled::What::nothing_yet, std::nullopt, "1"};
    }

   private:
    bool first_ = true;
  };
};

/// A millisecond after a row it wants to be called.
class Alarmed final : public Operator {
 public:
  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> process(int, Batch, Output&) override {
    *context_->alarm = context_->clock->now() + 1'000'000;
    return Progress::done;
  }
  Result<Progress> resume(Output&) override {
    const std::scoped_lock lock(done.mutex);
    done.rang = true;
    return Progress::done;
  }

 private:
  const Context* context_ = nullptr;
};

/// Can't be opened, and has waked its task before that.
class Closed final : public Operator {
 public:
  Result<> open(const Context& context) override {
    context.waker.wake();
    return Error(Code::unavailable, "the door is shut");
  }
  Result<Progress> process(int, Batch, Output&) override { return Progress::done; }
};

template <typename Step>
OperatorKind kind_of(const std::string& name) {
  return {.name = name,
          .doc = "",
          .schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs[0]; },
          .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
            return std::make_unique<Step>();
          }};
}

const Registry& kinds() {
  static const Registry made = [] {
    Registry all = registry();
    all.add(SourceKind{.name = "sim_silent", .doc = "", .make = [](const Params&) -> Result<std::unique_ptr<Source>> {
                         return std::make_unique<Silent>();
                       }});
    all.add(SourceKind{
        .name = "sim_three_splits", .doc = "", .make = [](const Params&) -> Result<std::unique_ptr<Source>> {
          return std::make_unique<Numbers>(0, 3);
        }});
    auto thrice = kind_of<Thrice>("sim_thrice");
    thrice.slow = true;  // so that it has a chain of its own, and as many tasks as cores
    auto third = kind_of<Third>("sim_third");
    third.keys = [](const Params&, int) { return std::vector<std::string>{"id"}; };
    all.add(std::move(thrice));
    all.add(std::move(third));
    all.add(kind_of<Alarmed>("sim_alarmed"));
    all.add(kind_of<Closed>("sim_closed"));
    return all;
  }();
  return made;
}

Plan line_of(const std::vector<std::string>& steps) {
  Plan plan;
  for (const auto& kind : steps) {
    Step step{.name = kind, .kind = kind, .params = {}, .inputs = {}, .schema = {}};
    step.params = *Params::make(**kinds().params(kind), {});
    if (!plan.steps.empty()) step.inputs = {{static_cast<int>(plan.steps.size()) - 1}};
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

/// A job that is a line of steps; false: it did not end.
bool runs(const std::vector<std::string>& steps, RunOptions options) {
  world = std::make_shared<World>(options.seed.value_or(0));
  done.ids.clear();
  done.rang = false;
  const auto job = Job::start(line_of(steps), options, kinds());
  EXPECT_TRUE(job.ok()) << job.error().text();
  if (!job.ok() || (!options.seed && !(*job)->wait_for(std::chrono::seconds(30)))) return false;
  const auto report = (*job)->wait();
  EXPECT_TRUE(report.ok()) << report.error().text();
  return report.ok();
}

/// On threads, and on the seeded executor.
std::vector<RunOptions> every_way() {
  std::vector<RunOptions> all;
  for (const int cores : {1, 2, 3, 7}) {
    all.push_back({.cores = cores});
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      all.push_back({.cores = cores});
      all.back().seed = seed;
    }
  }
  return all;
}

TEST(Steps, rows_of_one_key_meet_in_one_task) {
  std::vector<std::int64_t> all(3 * Numbers::rows);
  std::iota(all.begin(), all.end(), 0);
  for (const auto& options : every_way()) {
    ASSERT_TRUE(runs({"sim_three_splits", "sim_thrice", "sim_third", "discard"}, options));
    std::sort(done.ids.begin(), done.ids.end());
    ASSERT_EQ(done.ids, all) << "cores " << options.cores;
  }
}

TEST(Steps, one_that_can_t_be_opened_is_an_error_and_nothing_of_the_job_has_run) {
  for (const auto& options : every_way()) {
    for (const auto& steps :
         {std::vector<std::string>{"sim_three_splits", "sim_third", "sim_thrice", "sim_closed", "discard"},
          {"sim_three_splits", "sim_closed", "sim_thrice", "sim_third", "discard"}}) {
      world = std::make_shared<World>(0);
      done.ids.clear();
      const auto job = Job::start(line_of(steps), options, kinds());
      ASSERT_FALSE(job.ok());
      EXPECT_EQ(job.error().text(), "step 'sim_closed': the door is shut");
      EXPECT_TRUE(done.ids.empty());
    }
  }
}

TEST(Steps, an_alarm_calls_a_step_though_nothing_comes) {
  for (const auto& options : every_way()) {
    ASSERT_TRUE(runs({"sim_silent", "sim_alarmed", "discard"}, options));
    EXPECT_TRUE(done.rang);
  }
}

}  // namespace
}  // namespace klein::sim
