#include "runtime/batching.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"

namespace klein {
namespace {

constexpr double millisecond = 1e6;

/// A service: calls of b rows take beta + alpha * b; rows come by a process and are to have passed within `latency`.
struct Cell {
  double alpha, beta, latency;  // milliseconds
  int tasks;
  bool bursts;
};

/// When a queue may go, and with how many of its rows: the batcher's own verdict, or that of a fixed size and delay.
using Decide = std::function<Batching::Verdict(int task, const Batching::Facts&)>;

struct Served {
  double in_time = 0, median = 0;  // a share; milliseconds
};

/// Tasks with a queue each, to which rows go where fewest wait, on a virtual clock.
class Service {
 public:
  Service(const Cell& cell, double load, std::uint64_t seed, std::int64_t most, Decide decide,
          std::function<void(int, std::int64_t, std::int64_t)> took)
      : cell_(cell),
        load_(load),
        most_(most),
        decide_(std::move(decide)),
        took_(std::move(took)),
        random_(seed),
        tasks_(static_cast<std::size_t>(cell.tasks)) {}

  Served run(int rows) {
    const double mean = cell_.alpha * millisecond / (load_ * cell_.tasks);
    double time = 0;
    for (int i = 0; i < rows; ++i) {
      const bool burst = cell_.bursts && static_cast<std::int64_t>(time / (5 * cell_.latency * millisecond)) % 2 == 0;
      const double pace = !cell_.bursts ? 1 : burst ? 1.6 : 0.4;
      time -= mean / pace * std::log(1 - uniform());
      arrive(static_cast<std::int64_t>(time));
    }
    for (int i = 0; i < cell_.tasks; ++i) advance(i, std::numeric_limits<std::int64_t>::max() / 2, false);
    std::sort(times_.begin(), times_.end());
    const auto allowed = static_cast<std::int64_t>(cell_.latency * millisecond);
    const auto late = times_.end() - std::upper_bound(times_.begin(), times_.end(), allowed);
    return {1 - static_cast<double>(late) / static_cast<double>(times_.size()),
            static_cast<double>(times_[times_.size() / 2]) / millisecond};
  }

 private:
  struct Queue {
    std::deque<std::int64_t> waiting;  // when each came
    std::int64_t arrived = 0, free_at = 0, look_at = 0;
  };

  double uniform() { return static_cast<double>(random_.next() >> 11U) * 0x1p-53; }

  void arrive(std::int64_t now) {
    std::size_t least = 0;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      advance(static_cast<int>(i), now, true);
      const auto held = [&](const Queue& queue) { return queue.waiting.size() + (queue.free_at > now ? 1 : 0); };
      if (held(tasks_[i]) < held(tasks_[least])) least = i;
    }
    auto& queue = tasks_[least];
    queue.waiting.push_back(now);
    ++queue.arrived;
    queue.look_at = std::max(now, queue.free_at);
    advance(static_cast<int>(least), now, true);
  }

  /// All that the task does until `until`.
  void advance(int task, std::int64_t until, bool more) {
    auto& queue = tasks_[static_cast<std::size_t>(task)];
    while (!queue.waiting.empty() && std::max(queue.look_at, queue.free_at) <= until) {
      const auto now = std::max(queue.look_at, queue.free_at);
      const auto verdict = decide_(
          task, {.now = now,
                 .rows = static_cast<std::int64_t>(queue.waiting.size()),
                 .admitted = queue.waiting.front(),
                 .arrived = queue.arrived,
                 .wanted = most_,
                 .more_may_come = more});
      if (verdict.rows == 0) {
        ASSERT_GT(verdict.wait_until, now);
        queue.look_at = verdict.wait_until;
        continue;
      }
      const auto noise = 1 + 0.1 * (uniform() - 0.5);
      const auto took = static_cast<std::int64_t>(
          (cell_.beta + cell_.alpha * static_cast<double>(verdict.rows)) * millisecond * noise);
      queue.free_at = queue.look_at = now + took;
      for (std::int64_t i = 0; i < verdict.rows; ++i) {
        times_.push_back(queue.free_at - queue.waiting.front());
        queue.waiting.pop_front();
      }
      took_(task, verdict.rows, took);
    }
  }

  const Cell cell_;
  const double load_;
  const std::int64_t most_;
  const Decide decide_;
  const std::function<void(int, std::int64_t, std::int64_t)> took_;
  Random random_;
  std::vector<Queue> tasks_;
  std::vector<std::int64_t> times_;
};

constexpr std::int64_t largest = 1024;
constexpr int rows_a_run = 20'000;

Served batched(const Cell& cell, double load, std::uint64_t seed) {
  std::vector<Batching> tasks(
      static_cast<std::size_t>(cell.tasks), Batching(static_cast<std::int64_t>(cell.latency * millisecond)));
  return Service(
             cell, load, seed, largest,
             [&](int task, const Batching::Facts& facts) {
               return tasks[static_cast<std::size_t>(task)].decide(facts);
             },
             [&](int task, std::int64_t rows, std::int64_t took) {
               tasks[static_cast<std::size_t>(task)].took(rows, took);
             })
      .run(rows_a_run);
}

/// Goes with `size` rows, or once the first has waited for `delay` milliseconds.
Served fixed(const Cell& cell, double load, std::uint64_t seed, std::int64_t size, double delay) {
  const auto wait = static_cast<std::int64_t>(delay * millisecond);
  return Service(
             cell, load, seed, size,
             [&](int, const Batching::Facts& facts) -> Batching::Verdict {
               if (facts.rows < facts.wanted && facts.more_may_come && facts.now < facts.admitted + wait)
                 return {.rows = 0, .wait_until = facts.admitted + wait};
               return {.rows = std::min(facts.rows, facts.wanted)};
             },
             [](int, std::int64_t, std::int64_t) {})
      .run(rows_a_run);
}

/// The highest load, as a share of what endless calls would serve, at which 99 of 100 rows are in time.
double goodput(const std::function<Served(double load)>& serve) {
  double good = 0, bad = 1.02;
  while (bad - good > 0.005) {
    const auto load = (good + bad) / 2;
    (serve(load).in_time >= 0.99 ? good : bad) = load;
  }
  return good;
}

class BatchingGrid : public ::testing::TestWithParam<Cell> {};

TEST_P(BatchingGrid, serves_as_much_in_time_as_the_best_size_and_delay_that_one_could_set) {
  const auto cell = GetParam();
  double best = 0;
  for (const std::int64_t size : {1, 4, 16, 64, 256, 1024}) {
    for (const double delay : {0.0, cell.latency / 10, cell.latency / 4, cell.latency / 2}) {
      if (fixed(cell, best + 0.01, 1, size, delay).in_time < 0.99) continue;  // it is not the best
      best = std::max(best, goodput([&](double load) { return fixed(cell, load, 1, size, delay); }));
    }
  }
  const auto own = goodput([&](double load) { return batched(cell, load, 1); });
  EXPECT_GE(own, 0.97 * best - 0.005) << "of " << best;
  RecordProperty("own", std::to_string(own));
}

TEST_P(BatchingGrid, lets_no_row_of_a_quiet_service_wait) {
  const auto cell = GetParam();
  EXPECT_LE(batched(cell, 0.1, 2).median, 1.15 * fixed(cell, 0.1, 2, largest, 0).median);
}

std::vector<Cell> cells() {
  std::vector<Cell> all;
  for (const bool bursts : {false, true}) {
    for (const int tasks : {1, 4}) {
      all.push_back({0.0113, 1, 15, tasks, bursts});  // a small network on rows
      all.push_back({0.05, 2, 20, tasks, bursts});
      all.push_back({10.1, 0.2, 100, tasks, bursts});  // a network on pictures
      all.push_back({10.1, 0.2, 50, tasks, bursts});
      all.push_back({0.5, 5, 50, tasks, bursts});  // an accelerator
      all.push_back({1, 1, 20, tasks, bursts});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, BatchingGrid, ::testing::ValuesIn(cells()), [](const auto& cell) {
  const auto text = [](double number) {
    auto digits = std::to_string(number);
    std::replace(digits.begin(), digits.end(), '.', '_');
    return digits;
  };
  return "alpha" + text(cell.param.alpha) + "beta" + text(cell.param.beta) + "in" + text(cell.param.latency) + "tasks" +
         std::to_string(cell.param.tasks) + (cell.param.bursts ? "bursts" : "");
});

}  // namespace
}  // namespace klein
