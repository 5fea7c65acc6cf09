// Whole jobs that write files which roll over epochs, left at any moment and gone on with: over a store that fails and
// commits that are cut off, the files that are shown hold every row once. A failing seed prints the line that repeats
// it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "api/klein.h"
#include "connectors/source_suite.h"
#include "store/faulty_store.h"
#include "tests/sim/world_test.h"

namespace klein::sim {
namespace {

namespace fs = std::filesystem;

/// How often a commit was cut off before it began, or behind its end.
int commits_cut_off = 0;

/// A file sink's committer that now and then fails, before or behind what it does.
class CutOff final : public Committer {
 public:
  explicit CutOff(std::unique_ptr<Committer> inner) : inner_(std::move(inner)) {}
  Result<> commit(Epoch epoch, BytesView token) override {
    return cut_off([&] { return inner_->commit(epoch, token); });
  }
  Result<> abort(Epoch epoch, BytesView token) override { return inner_->abort(epoch, token); }
  Result<> clear(BytesView residue) override {
    return cut_off([&] { return inner_->clear(residue); });
  }

 private:
  template <typename Action>
  static Result<> cut_off(Action action) {
    const std::scoped_lock lock(world->mutex);
    const bool before = world->attempt < 20 && world->random.chance(10);
    const bool behind = world->attempt < 20 && world->random.chance(10);
    commits_cut_off += before || behind ? 1 : 0;
    if (before) return Error(Code::unavailable, "cut off before it began");
    KLEIN_TRY(action());
    if (behind) return Error(Code::unavailable, "cut off behind its end");
    return {};
  }
  const std::unique_ptr<Committer> inner_;
};

/// Now and then the job is left between what a writer has staged and the seal.
class LeftBehind final : public Writer {
 public:
  explicit LeftBehind(std::unique_ptr<Writer> inner) : inner_(std::move(inner)) {}
  Result<> open(const Context& context) override { return inner_->open(context); }
  Result<Progress> write(Batch batch) override { return inner_->write(std::move(batch)); }
  Result<std::optional<Bytes>> prepare(Epoch epoch) override {
    auto token = inner_->prepare(epoch);
    world->maybe_die();
    return token;
  }

 private:
  const std::unique_ptr<Writer> inner_;
};

class LeftSink final : public Sink {
 public:
  explicit LeftSink(std::unique_ptr<Sink> inner) : inner_(std::move(inner)) {}
  Result<> check(const std::optional<Schema>& input) const override { return inner_->check(input); }
  Result<std::unique_ptr<Writer>> open(int task, const std::optional<Schema>& input) const override {
    return std::make_unique<LeftBehind>(KLEIN_TRY(inner_->open(task, input)));
  }
  void resume() override { inner_->resume(); }
  Bytes residue() const override { return inner_->residue(); }
  Result<> discard() const override { return inner_->discard(); }

 private:
  const std::unique_ptr<Sink> inner_;
};

/// All kinds, with committers of files that fail.
const Registry& kinds() {
  static const Registry made = [] {
    Registry all;
    all.add(SourceKind{.name = "sim_numbers",
                       .doc = "",
                       .params = {{.name = "first", .type = ParamType::int64, .doc = ""},
                                  {.name = "splits", .type = ParamType::int64, .doc = ""}},
                       .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
                         return std::make_unique<Numbers>(params.int64("first"), params.int64("splits"));
                       }});
    all.add(OperatorKind{
        .name = "sim_slow",
        .doc = "",
        .slow = true,
        .schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs[0]; },
        .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
          return std::make_unique<Slow>(50'000'000LL);
        }});
    for (const char* name : {"write_json", "write_csv", "write_parquet"}) {
      auto kind = *registry().find_sink(name);
      kind.committer = [inner = kind.committer](Store* store) -> Result<std::unique_ptr<Committer>> {
        return std::make_unique<CutOff>(KLEIN_TRY(inner(store)));
      };
      kind.make = [make = kind.make](const Params& params) -> Result<std::unique_ptr<Sink>> {
        return std::make_unique<LeftSink>(KLEIN_TRY(make(params)));
      };
      all.add(std::move(kind));
    }
    return all;
  }();
  return made;
}

/// A job, its checkpoint and the folder that it writes into.
class Life {
 public:
  explicit Life(std::uint64_t seed) {
    world = std::make_shared<World>(seed);
    auto& random = world->random;
    splits_ = 1 + static_cast<std::int64_t>(random.below(4));
    mode_ = random.chance(70) ? Mode::stream : Mode::batch;
    world->deaths = static_cast<int>(random.below(5));
    world->drains = 40;
    faults_ = random.chance(50) ? static_cast<unsigned>(random.below(25)) : 0U;
    const std::vector<std::string> formats = {"json", "csv", "parquet"}, intervals = {"0s", "20ms", "200ms", "1h"};
    format_ = formats[random.below(formats.size())];
    ::mkdtemp(root_.data());
    sink_ = {{"path", root_ + "/out"}, {"mode", random.chance(50) ? "overwrite" : "append"}};
    if (random.chance(80)) sink_.emplace_back("roll_interval", intervals[random.below(intervals.size())]);
    if (random.chance(50)) sink_.emplace_back("roll_rows", 1 + static_cast<std::int64_t>(random.below(40)));
  }
  ~Life() { fs::remove_all(root_); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void run() {
    for (world->attempt = 1; !attempt(); ++world->attempt) ASSERT_LT(world->attempt, 100);
    std::vector<std::int64_t> wanted;
    for (std::int64_t id = 0; id < splits_ * Numbers::rows; ++id) wanted.push_back(id);
    EXPECT_EQ(shown(), wanted) << format_ << " in attempt " << world->attempt;
    expect_nothing_staged();
  }

 private:
  /// Whether the job came to its end. Between two attempts no row is shown twice.
  bool attempt() {
    auto& random = world->random;
    const auto percent = world->attempt > 20 ? 0U : faults_;
    const StoreFaults faults{.refused = percent, .answer_lost = percent, .read_refused = 0};
    RunOptions options{.cores = 1 + static_cast<int>(random.below(4)), .mode = mode_};
    options.seed = random.next();
    options.store = std::make_shared<FaultyStore>(*memory_, faults, random.next());
    options.pace.interval = 1'000'000 + static_cast<std::int64_t>(random.below(60'000'000));
    world->job = nullptr;
    world->stops.clear();
    auto job = Job::start(plan(), options, kinds());
    if (job.ok()) world->job = job->get();
    const auto report = job.ok() ? (*job)->wait() : std::move(job).error();
    const auto ids = shown();
    EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end()) << format_ << " in attempt " << world->attempt;
    // A stream that is stopped with a snapshot shows all that the snapshot holds.
    if (report.ok() && report->stopped && mode_ == Mode::stream && world->stops == std::vector{Stop::drain})
      expect_nothing_staged();
    return report.ok() && !report->stopped;
  }

  void expect_nothing_staged() const {
    for (const auto& entry : fs::directory_iterator(root_ + "/out"))
      EXPECT_FALSE(entry.path().filename().string().starts_with(".klein")) << "left behind: " << entry.path();
  }

  Plan plan() const {
    Plan plan;
    const auto add = [&](const std::string& kind, const Value::Map& given, std::vector<Edge> inputs) {
      plan.steps.push_back({.name = kind,
                            .kind = kind,
                            .params = *Params::make(**kinds().params(kind), given),
                            .inputs = std::move(inputs),
                            .schema = std::nullopt});
    };
    add("sim_numbers", {{"first", 0}, {"splits", splits_}}, {});
    add("sim_slow", {}, {{0}});
    add("write_" + format_, sink_, {{1}});
    return plan;
  }

  /// The ids in the files that are shown.
  std::vector<std::int64_t> shown() const {
    std::vector<std::int64_t> ids;
    const auto* kind = registry().find_source("read_" + format_);
    Value::Map given = {{"path", root_ + "/out"}};
    if (format_ != "parquet") given.emplace_back("schema", "id: int64");
    const auto source = kind->make(*Params::make(kind->params, given));
    if (!source.ok()) return ids;  // there is no file yet
    const auto splits = (*source)->splits();
    for (const auto& split : *splits) {
      for (const auto& pulled : read_split(**source, split)) {
        const auto more = ids_of(*pulled.batch);
        ids.insert(ids.end(), more.begin(), more.end());
      }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  std::string root_ = (fs::temp_directory_path() / "klein-rolling-XXXXXX").string();
  std::string format_;
  std::int64_t splits_;
  Mode mode_;
  unsigned faults_;
  Value::Map sink_;
  const std::shared_ptr<Store> memory_ = make_memory_store();
};

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(Simulation, files_that_roll_over_epochs_hold_every_row_once_whenever_their_job_is_left) {
  const auto first = environment("KLEIN_FIRST_SEED", 0), count = environment("KLEIN_SEEDS", 60);
  int deaths = 0;
  for (auto seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("KLEIN_FIRST_SEED=" + std::to_string(seed) +
                 " KLEIN_SEEDS=1 klein_tests --gtest_filter=Simulation.files_that_roll*");
    Life life(seed);
    const auto before = world->deaths;
    life.run();
    deaths += before - world->deaths;
    if (testing::Test::HasFailure()) return;
  }
  if (count < 60) return;
  EXPECT_GT(deaths, static_cast<int>(count / 2));
  EXPECT_GT(commits_cut_off, static_cast<int>(count / 2));
}

}  // namespace
}  // namespace klein::sim
