// One contract, two executors: what holds for a task holds on threads and on the seeded thread.

#include "runtime/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>

namespace klein {
namespace {

class Task final : public Runnable {
 public:
  explicit Task(std::function<Turn()> turn) : turn_(std::move(turn)) {}
  Turn run(int) override {
    EXPECT_FALSE(inside_.exchange(true)) << "two threads run one task";
    const auto turn = turn_();
    inside_.store(false);
    return turn;
  }

 private:
  const std::function<Turn()> turn_;
  std::atomic<bool> inside_{false};
};

class AnyExecutor : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<Executor> executor = GetParam() ? make_seeded_executor(7) : make_thread_executor(2);
};

TEST_P(AnyExecutor, runs_a_task_until_it_has_finished) {
  std::promise<void> finished;
  int turns = 0;
  Task task([&] {
    if (++turns < 100) return Turn::again;
    finished.set_value();
    return Turn::finished;
  });
  executor->add(task, Lane::compute).wake();
  executor->run_until_idle();
  finished.get_future().wait();
  executor.reset();
  EXPECT_EQ(turns, 100);
}

TEST_P(AnyExecutor, passes_a_wake_on_however_the_two_tasks_interleave) {
  constexpr int rounds = 5000;
  std::promise<void> finished;
  std::atomic<int> ball{0};  // even: the first has it
  Waker first_waker, second_waker;
  const auto player = [&](int mine, Waker& other) {
    return [&, mine] {
      if (ball.load() % 2 != mine) return Turn::wait;
      if (ball.fetch_add(1) + 1 >= rounds) {
        other.wake();
        if (mine == 1) finished.set_value();
        return Turn::finished;
      }
      other.wake();
      return Turn::wait;
    };
  };
  Task first(player(0, second_waker)), second(player(1, first_waker));
  first_waker = executor->add(first, Lane::compute);
  second_waker = executor->add(second, Lane::light);
  first_waker.wake();
  executor->run_until_idle();
  finished.get_future().wait();
  executor.reset();  // the other task may still have its last turn
  EXPECT_GE(ball.load(), rounds);
}

TEST_P(AnyExecutor, wakes_by_timer_when_its_own_clock_has_come_so_far) {
  std::promise<void> finished;
  std::int64_t due = 0;
  Waker waker;
  Task task([&] {
    const auto now = executor->clock().now();
    if (due == 0) {
      due = now + 5'000'000;
      executor->timers().wake_at(due, waker);
      return Turn::wait;
    }
    if (now < due) return Turn::wait;
    finished.set_value();
    return Turn::finished;
  });
  waker = executor->add(task, Lane::light);
  waker.wake();
  executor->run_until_idle();
  finished.get_future().wait();
  executor.reset();
}

TEST_P(AnyExecutor, takes_a_wake_after_it_is_gone) {
  Task task([] { return Turn::wait; });
  const auto waker = executor->add(task, Lane::compute);
  waker.wake();
  executor->run_until_idle();
  executor.reset();
  waker.wake();
}

INSTANTIATE_TEST_SUITE_P(Both, AnyExecutor, ::testing::Bool(), [](const auto& chosen) {
  return chosen.param ? "seeded" : "threads";
});

std::uint64_t trace_of(std::uint64_t seed) {
  auto executor = make_seeded_executor(seed);
  std::vector<std::unique_ptr<Task>> tasks;
  std::vector<Waker> wakers(5);
  std::vector<int> left(5, 20);
  for (std::size_t i = 0; i < 5; ++i) {
    tasks.push_back(std::make_unique<Task>([&, i] {
      wakers[(i + 1) % 5].wake();
      return --left[i] > 0 ? Turn::wait : Turn::finished;
    }));
    wakers[i] = executor->add(*tasks[i], Lane::compute);
  }
  wakers[0].wake();
  executor->run_until_idle();
  return executor->trace();
}

TEST(SeededExecutor, repeats_a_seed_and_differs_between_seeds) {
  EXPECT_EQ(trace_of(1), trace_of(1));
  EXPECT_NE(trace_of(1), trace_of(2));
}

}  // namespace
}  // namespace klein
