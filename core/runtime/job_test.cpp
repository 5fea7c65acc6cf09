// Whole jobs over kinds made here, on both executors: what arrives, what is committed, and who is held back.

#include "runtime/job.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>

namespace klein {
namespace {

Schema id_schema() { return Schema(arrow::schema({arrow::field("id", arrow::int64())})); }

Batch numbers(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < count; ++i) KLEIN_ASSERT(builder.Append(first + i).ok());
  return Batch(arrow::RecordBatch::Make(id_schema().arrow(), count, {*builder.Finish()}),
               {.split = nullptr, .row = first, .index = nullptr});
}

std::vector<std::int64_t> ids_of(const Batch& batch) {
  const auto column = std::static_pointer_cast<arrow::Int64Array>(batch.columns()->column(0));
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < column->length(); ++i) ids.push_back(column->Value(i));
  return ids;
}

/// Rows 0..count in so many splits, `batch` rows at a time; a negative count never ends.
class NumberReader final : public SplitReader {
 public:
  NumberReader(std::int64_t next, std::int64_t end, std::int64_t batch) : next_(next), end_(end), batch_(batch) {}
  Result<Pulled> pull(const Context&) override {
    const auto count = std::min(batch_, end_ - next_);
    if (count <= 0) return Pulled{};
    auto rows = numbers(next_, count);
    next_ += count;
    return Pulled{Pulled::What::rows, std::move(rows), std::to_string(next_)};
  }

 private:
  std::int64_t next_;
  const std::int64_t end_, batch_;
};

class Numbers final : public Source {
 public:
  Numbers(std::int64_t count, std::int64_t splits, std::int64_t batch)
      : count_(count), splits_(splits), batch_(batch) {}
  bool bounded() const override { return count_ >= 0; }
  Schema schema() const override { return id_schema(); }
  Result<std::vector<Split>> splits() const override {
    std::vector<Split> splits;
    for (std::int64_t i = 0; i < splits_; ++i) splits.push_back({.id = std::to_string(i), .position = "", .order = i});
    return splits;
  }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize) const override {
    const auto share = bounded() ? (count_ + splits_ - 1) / splits_ : std::int64_t{1} << 50;
    const auto first = split.order * share;
    return std::make_unique<NumberReader>(first, bounded() ? std::min(first + share, count_) : first + share, batch_);
  }

 private:
  const std::int64_t count_, splits_, batch_;
};

/// What a test's sink saw, and what became visible of it.
struct Seen final : public Object {
  std::string text() const override { return "seen"; }
  mutable std::mutex mutex;
  mutable std::vector<std::int64_t> written, committed;
  mutable int discarded = 0;
  mutable std::atomic<std::int64_t> slow{0};  // nanoseconds of the job's clock that each write takes
};

class SeenWriter final : public Writer {
 public:
  explicit SeenWriter(std::shared_ptr<const Seen> seen) : seen_(std::move(seen)) {}
  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> write(Batch batch) override {
    const std::scoped_lock lock(seen_->mutex);
    for (const auto id : ids_of(batch)) seen_->written.push_back(id);
    if (seen_->slow == 0) return Progress::done;
    due_ = context_->clock->now() + seen_->slow;
    context_->timers->wake_at(due_, context_->waker);
    return Progress::pending;
  }
  Result<Progress> resume() override { return context_->clock->now() < due_ ? Progress::pending : Progress::done; }
  Result<std::optional<Bytes>> prepare(Epoch) override {
    const std::scoped_lock lock(seen_->mutex);
    return std::optional(Bytes(reinterpret_cast<const char*>(&seen_), sizeof(void*)));
  }

 private:
  const std::shared_ptr<const Seen> seen_;
  const Context* context_ = nullptr;
  std::int64_t due_ = 0;
};

class SeenSink final : public Sink {
 public:
  explicit SeenSink(std::shared_ptr<const Seen> seen) : seen_(std::move(seen)) {}
  Result<std::unique_ptr<Writer>> open(int, const std::optional<Schema>&) const override {
    return std::make_unique<SeenWriter>(seen_);
  }
  Result<> discard() const override {
    ++seen_->discarded;
    return {};
  }

 private:
  const std::shared_ptr<const Seen> seen_;
};

const Seen* committing = nullptr;  // a committer is made from the kind alone, so a test names its target here

class SeenCommitter final : public Committer {
 public:
  Result<> commit(Epoch, BytesView) override {
    const std::scoped_lock lock(committing->mutex);
    committing->committed = committing->written;
    return {};
  }
  Result<> abort(Epoch, BytesView) override { return {}; }
};

/// Emits each row `copies` times, one copy at a time once the output is full.
class Repeat final : public Operator {
 public:
  explicit Repeat(std::int64_t copies) : copies_(copies) {}
  Result<Progress> process(int, Batch batch, Output& out) override {
    batch_ = std::move(batch);
    left_ = copies_;
    return resume(out);
  }
  Result<Progress> resume(Output& out) override {
    while (left_ > 0) {
      out.emit(*batch_);
      --left_;
      if (out.full() && left_ > 0) return Progress::more;
    }
    return Progress::done;
  }

 private:
  const std::int64_t copies_;
  std::int64_t left_ = 0;
  std::optional<Batch> batch_;
};

class Fail final : public Operator {
 public:
  explicit Fail(std::int64_t at) : at_(at) {}
  Result<Progress> process(int, Batch batch, Output& out) override {
    for (const auto id : ids_of(batch)) {
      if (id == at_) return Error(Code::user, "row " + std::to_string(id) + " is poison");
    }
    out.emit(std::move(batch));
    return Progress::done;
  }

 private:
  const std::int64_t at_;
};

class First final : public Operator {
 public:
  explicit First(std::int64_t count) : left_(count) {}
  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto count = std::min(left_, batch.rows());
    out.emit(batch.slice(0, count));
    left_ -= count;
    return left_ == 0 ? Progress::finished : Progress::done;
  }

 private:
  std::int64_t left_;
};

template <typename Step>
OperatorKind with_one_number(std::string name, int max_parallelism = 0, bool slow = false) {
  return {.name = std::move(name),
          .doc = "For tests.",
          .params = {{.name = "number", .type = ParamType::int64, .doc = ""}},
          .slow = slow,
          .max_parallelism = max_parallelism,
          .schema = [](const Params&, const Schemas& in) -> Result<std::optional<Schema>> { return in.front(); },
          .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
            return std::make_unique<Step>(params.int64("number"));
          }};
}

const Registry& kinds() {
  static const Registry made = [] {
    Registry registry;
    registry.add(SourceKind{
        .name = "numbers",
        .doc = "For tests.",
        .params = {{.name = "count", .type = ParamType::int64, .doc = ""},
                   {.name = "splits", .type = ParamType::int64, .doc = ""},
                   {.name = "batch", .type = ParamType::int64, .doc = ""}},
        .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
          return std::make_unique<Numbers>(params.int64("count"), params.int64("splits"), params.int64("batch"));
        }});
    registry.add(with_one_number<Repeat>("repeat"));
    registry.add(with_one_number<Repeat>("slow_repeat", 0, true));
    registry.add(with_one_number<Fail>("fail"));
    registry.add(with_one_number<First>("first", 1));
    registry.add(SinkKind{
        .name = "seen",
        .doc = "For tests.",
        .params = {{.name = "seen", .type = ParamType::any, .doc = ""}},
        .make = [](const Params& params) -> Result<std::unique_ptr<Sink>> {
          return std::make_unique<SeenSink>(params.value("seen").object<Seen>());
        },
        .committer = [](Store*) -> Result<std::unique_ptr<Committer>> { return std::make_unique<SeenCommitter>(); }});
    return registry;
  }();
  return made;
}

class AnyJob : public ::testing::TestWithParam<std::tuple<bool, int>> {
 protected:
  AnyJob() { committing = seen.get(); }

  /// A plan that is a line of steps, kind and parameters.
  Plan line(const std::vector<std::pair<std::string, Value::Map>>& kinds_and_params) {
    Plan plan;
    for (const auto& [kind, params] : kinds_and_params) {
      Step step{.name = kind, .kind = kind, .params = {}, .inputs = {}, .schema = {}};
      step.params = *Params::make(**kinds().params(kind), params);
      if (!plan.steps.empty()) step.inputs = {{static_cast<int>(plan.steps.size()) - 1}};
      plan.steps.push_back(std::move(step));
    }
    return plan;
  }
  std::pair<std::string, Value::Map> numbers_step(std::int64_t count, std::int64_t splits = 4, std::int64_t batch = 7) {
    return {"numbers", {{"count", count}, {"splits", splits}, {"batch", batch}}};
  }
  std::pair<std::string, Value::Map> sink_step() { return {"seen", {{"seen", Value::Handle(seen)}}}; }
  RunOptions options(std::uint64_t seed = 1) {
    RunOptions made{.cores = std::get<1>(GetParam())};
    if (std::get<0>(GetParam())) made.seed = seed;
    return made;
  }
  Result<RunReport> run(const Plan& plan, RunOptions how) {
    auto job = Job::start(plan, how, kinds());
    if (!job.ok()) return std::move(job).error();
    return (*job)->wait();
  }
  std::vector<std::int64_t> sorted(std::vector<std::int64_t> ids) {
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  std::vector<std::int64_t> up_to(std::int64_t count) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
    std::iota(ids.begin(), ids.end(), 0);
    return ids;
  }

  const std::shared_ptr<const Seen> seen = std::make_shared<Seen>();
};

TEST_P(AnyJob, carries_every_row_once_and_commits_at_the_end) {
  const auto report = run(line({numbers_step(1000), {"repeat", {{"number", 1}}}, sink_step()}), options());
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(sorted(seen->committed), up_to(1000));
  EXPECT_EQ(report->rows_in, 1000);
  EXPECT_EQ(report->rows_out, 1000);
  EXPECT_FALSE(report->stopped);
  EXPECT_EQ(seen->discarded, 0);
}

TEST_P(AnyJob, carries_every_row_over_a_rebalance_to_a_slow_chain) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    seen->written.clear();
    const auto report = run(line({numbers_step(500, 1), {"slow_repeat", {{"number", 2}}}, sink_step()}), options(seed));
    ASSERT_TRUE(report.ok()) << report.error().text();
    EXPECT_EQ(report->rows_out, 1000);
    auto unique = sorted(seen->committed);
    unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
    EXPECT_EQ(unique, up_to(500)) << "seed " << seed;
  }
}

TEST_P(AnyJob, names_the_step_that_failed_and_commits_nothing) {
  const auto report = run(line({numbers_step(1000), {"fail", {{"number", 777}}}, sink_step()}), options());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().step(), "fail");
  EXPECT_EQ(report.error().code(), Code::user);
  EXPECT_TRUE(seen->committed.empty());
  EXPECT_EQ(seen->discarded, 1);
}

TEST_P(AnyJob, ends_an_endless_source_once_nobody_wants_more) {
  const auto report = run(line({numbers_step(-1), {"first", {{"number", 20}}}, sink_step()}), options());
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(seen->committed.size(), 20U);
}

TEST_P(AnyJob, publishes_a_large_output_in_parts_and_loses_nothing) {
  const auto report =
      run(line({numbers_step(40'000, 2, 10'000), {"slow_repeat", {{"number", 400}}}, sink_step()}), options());
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->rows_out, 40'000 * 400);
}

TEST_P(AnyJob, holds_a_fast_source_back_behind_a_slow_sink) {
  if (std::get<0>(GetParam())) seen->slow = 10'000'000;
  auto how = options();
  how.memory = 64 << 10;
  auto job =
      *Job::start(line({numbers_step(200'000, 4, 2'000), {"slow_repeat", {{"number", 1}}}, sink_step()}), how, kinds());
  const auto report = job->wait();
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(seen->committed.size(), 200'000U);
  const auto told = job->status();
  EXPECT_EQ(told.state, "finished");
  EXPECT_TRUE(!std::get<0>(GetParam()) || told.steps.front().back_pressured_seconds > 0);
  for (const auto& step : told.steps) EXPECT_EQ(step.watermark, std::nullopt);
}

TEST_P(AnyJob, commits_what_was_read_when_it_is_drained) {
  if (std::get<0>(GetParam())) GTEST_SKIP() << "the seeded executor runs inside wait()";
  auto job = *Job::start(line({numbers_step(-1), {"slow_repeat", {{"number", 1}}}, sink_step()}), options(), kinds());
  while (job->stats().rows_out < 1000) std::this_thread::yield();
  job->stop(Stop::drain);
  const auto report = job->wait();
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_TRUE(report->stopped);
  EXPECT_EQ(report->rows_in, report->rows_out);
  EXPECT_EQ(static_cast<std::int64_t>(seen->committed.size()), report->rows_out);
}

TEST_P(AnyJob, commits_nothing_when_it_is_stopped_now_or_dropped) {
  if (std::get<0>(GetParam())) GTEST_SKIP() << "the seeded executor runs inside wait()";
  for (const bool dropped : {false, true}) {
    auto job = *Job::start(line({numbers_step(-1), {"slow_repeat", {{"number", 1}}}, sink_step()}), options(), kinds());
    while (job->stats().rows_out < 100) std::this_thread::yield();
    if (!dropped) {
      job->stop(Stop::now);
      EXPECT_TRUE(job->wait()->stopped);
    }
  }
  EXPECT_TRUE(seen->committed.empty());
  EXPECT_EQ(seen->discarded, 2);
}

INSTANTIATE_TEST_SUITE_P(Each, AnyJob, ::testing::Combine(::testing::Bool(), ::testing::Values(1, 2, 3)),
                         [](const auto& chosen) {
                           return std::string(std::get<0>(chosen.param) ? "seeded" : "threads") + "_" +
                                  std::to_string(std::get<1>(chosen.param));
                         });

}  // namespace
}  // namespace klein
