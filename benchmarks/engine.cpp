// What the engine itself costs: items through no-op steps, hops between tasks. Prints one JSON line a figure, each the
// median of interleaved rounds, with a limit measured in the same run beside it where there is one.
//   build/dev/klein_benchmark [rounds [name]]

#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/channel.h"
#include "runtime/executor.h"
#include "runtime/job.h"

namespace klein {
namespace {

std::shared_ptr<arrow::Schema> id_schema() {
  static const auto made = arrow::schema({arrow::field("id", arrow::int64())});
  return made;
}

Batch numbers(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder builder;
  KLEIN_ASSERT(builder.Reserve(count).ok());
  for (std::int64_t i = 0; i < count; ++i) builder.UnsafeAppend(first + i);
  return Batch(arrow::RecordBatch::Make(id_schema(), count, {*builder.Finish()}));
}

/// `count` batches of one row each, made before the clock runs.
struct Items final : public Object {
  std::vector<Batch> batches;
  std::string text() const override { return "items"; }
};

class ItemReader final : public SplitReader {
 public:
  explicit ItemReader(std::shared_ptr<const Items> items) : items_(std::move(items)) {}
  Result<Pulled> pull(const Context&) override {
    if (next_ == items_->batches.size()) return Pulled{};
    return Pulled{Pulled::What::rows, items_->batches[next_++], Bytes()};
  }

 private:
  const std::shared_ptr<const Items> items_;
  std::size_t next_ = 0;
};

class ItemSource final : public Source {
 public:
  explicit ItemSource(std::shared_ptr<const Items> items) : items_(std::move(items)) {}
  bool bounded() const override { return true; }
  Schema schema() const override { return Schema(id_schema()); }
  Result<std::vector<Split>> splits() const override {
    return std::vector<Split>{{.id = "items", .position = "", .rows = -1, .order = 0, .first_row = 0}};
  }
  Result<std::unique_ptr<SplitReader>> open(const Split&, ReadSize) const override {
    return std::make_unique<ItemReader>(items_);
  }

 private:
  const std::shared_ptr<const Items> items_;
};

class Pass final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output& out) override {
    out.emit(std::move(batch));
    return Progress::done;
  }
};

/// One batch becomes one batch a row.
class Rows final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output& out) override {
    for (std::int64_t i = 0; i < batch.rows(); ++i) out.emit(batch.slice(i, 1));
    return Progress::done;
  }
};

class Count final : public Writer {
 public:
  Result<Progress> write(Batch batch) override {
    rows_ += batch.rows();
    return Progress::done;
  }

 private:
  std::int64_t rows_ = 0;
};

class CountSink final : public Sink {
 public:
  Result<std::unique_ptr<Writer>> open(int, const std::optional<Schema>&) const override {
    return std::make_unique<Count>();
  }
};

template <typename Step>
OperatorKind kind(const char* name) {
  return {.name = name,
          .doc = "For measuring.",
          .schema = [](const Params&, const Schemas& in) -> Result<std::optional<Schema>> { return in.front(); },
          .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
            return std::make_unique<Step>();
          }};
}

const Registry& kinds() {
  static const Registry made = [] {
    Registry all;
    all.add(SourceKind{.name = "items",
                       .doc = "For measuring.",
                       .params = {{.name = "items", .type = ParamType::any, .doc = ""}},
                       .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
                         return std::make_unique<ItemSource>(params.value("items").object<Items>());
                       }});
    all.add(kind<Pass>("pass"));
    all.add(kind<Rows>("rows"));
    all.add(SinkKind{
        .name = "count", .doc = "For measuring.", .make = [](const Params&) -> Result<std::unique_ptr<Sink>> {
          return std::make_unique<CountSink>();
        }});
    return all;
  }();
  return made;
}

Plan line(const std::shared_ptr<const Items>& items, const std::vector<std::string>& steps) {
  Plan plan;
  plan.steps.push_back({.name = "items", .kind = "items", .params = {}, .inputs = {}, .schema = {}});
  plan.steps.back().params = *Params::make(**kinds().params("items"), {{"items", Value::Handle(items)}});
  for (const auto& step : steps) {
    const auto place = static_cast<int>(plan.steps.size());
    plan.steps.push_back(
        {.name = step + std::to_string(place), .kind = step, .params = {}, .inputs = {{place - 1}}, .schema = {}});
  }
  return plan;
}

double seconds(const std::function<void()>& work) {
  const SteadyClock clock;
  const auto begin = clock.now();
  work();
  return static_cast<double>(clock.now() - begin) / 1e9;
}

/// CPU time of all threads.
double cpu_seconds(const std::function<void()>& work) {
  const auto begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(const Plan& plan, std::int64_t expected) {
  RunOptions options;
  options.cores = 1;
  const auto job = *Job::start(plan, options, kinds());
  const auto report = job->wait();
  KLEIN_ASSERT(report.ok() && report->rows_out == expected);
}

/// Two tasks that pass one item to and fro.
class Player final : public Runnable {
 public:
  Player(Channel*& in, Channel*& out, int rounds) : in_(in), out_(out), left_(rounds) {}
  Turn run(int) override {
    auto lease = in_->take();
    if (!lease) return Turn::wait;
    in_->acknowledge(lease->id, {0, 1});
    out_->push(std::move(lease->item));
    if (--left_ > 0) return Turn::again;
    done.store(true);
    done.notify_all();
    return Turn::finished;
  }
  std::atomic<bool> done{false};

 private:
  Channel *&in_, *&out_;
  int left_;
};

void ping_pong(Lane other, int rounds) {
  Channel *there = nullptr, *back = nullptr;
  const auto executor = make_thread_executor(1);
  Player first(back, there, rounds), second(there, back, rounds);
  const auto first_waker = executor->add(first, Lane::compute), second_waker = executor->add(second, other);
  Channel forth({}, first_waker, second_waker), home({}, second_waker, first_waker);
  there = &forth;
  back = &home;
  home.push(Watermark{1});
  first_waker.wake();
  second_waker.wake();
  second.done.wait(false);
}

void print(const char* name, double per_second, const char* unit) {
  std::printf("{\"benchmark\": \"%s\", \"value\": %.4g, \"unit\": \"%s\"}\n", name, per_second, unit);
}

}  // namespace
}  // namespace klein

int main(int argc, char** argv) {
  using namespace klein;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  constexpr std::int64_t items = 100'000;
  const auto one = std::make_shared<Items>(), many = std::make_shared<Items>();
  one->batches.push_back(numbers(0, items));
  for (std::int64_t i = 0; i < items; ++i) many->batches.push_back(numbers(i, 1));
  const auto fan_out = line(one, {"rows", "pass", "pass", "pass", "count"});
  const auto batches = line(many, {"pass", "pass", "pass", "count"});
  const auto whole = line(one, {"pass", "pass", "pass", "count"});
  const std::string only = argc > 2 ? argv[2] : "";
  std::map<std::string, std::vector<double>> taken;
  const auto time = [&](const std::string& name, const auto& clock, const std::function<void()>& work) {
    taken[name].push_back(only.empty() || name == only ? clock(work) : 0);
  };
  for (int round = 0; round < rounds; ++round) {
    time("fan out", cpu_seconds, [&] { run(fan_out, items); });
    time("batches", cpu_seconds, [&] { run(batches, items); });
    time("whole", cpu_seconds, [&] { run(whole, items); });
    time("same thread", seconds, [&] { ping_pong(Lane::compute, 50'000); });
    time("two threads", seconds, [&] { ping_pong(Lane::light, 2'000); });
  }
  print("1 row -> 100 k one-row batches through three C++ no-ops", items / median(taken["fan out"]), "items/CPU-s");
  print("100 k one-row batches through three C++ no-ops", items / median(taken["batches"]), "items/CPU-s");
  print("100 k rows in one batch through three C++ no-ops", items / median(taken["whole"]), "rows/CPU-s");
  print("hop on one thread, lock step", median(taken["same thread"]) / 100'000 * 1e9, "ns");
  print("hop between threads, lock step", median(taken["two threads"]) / 4'000 * 1e9, "ns");
  return 0;
}
