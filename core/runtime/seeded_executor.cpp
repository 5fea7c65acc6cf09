// The seeded executor: one thread, a virtual clock, every choice from the seed. A run of a seed repeats bit for bit.

#include <algorithm>
#include <deque>
#include <vector>

#include "base/random.h"
#include "runtime/executor.h"

namespace klein {

namespace {

class VirtualClock final : public Clock {
 public:
  std::int64_t now() const override { return now_; }
  void advance(std::int64_t to) { now_ = std::max(now_, to); }

 private:
  std::int64_t now_ = 0;
};

class SeededExecutor final : public Executor, public Timers {
 public:
  SeededExecutor(std::uint64_t seed, Disturbance* disturbance)
      : random_(seed), disturbance_(disturbance), ready_(std::make_shared<Ready>()) {}

  Waker add(Runnable& task, Lane) override {
    tasks_.push_back(&task);
    return Waker(std::make_shared<Handle>(ready_, tasks_.size() - 1));
  }
  const Clock& clock() const override { return clock_; }
  Timers& timers() override { return *this; }
  std::uint64_t trace() const override { return trace_; }

  void wake_at(std::int64_t time, Waker waker) override { timers_.push_back({time, std::move(waker)}); }

  void run_until_idle() override {
    while (!ready_->tasks.empty() || fire_next_timer()) {
      if (ready_->tasks.empty()) continue;
      if (!goes_on()) return;
      run_one();
    }
  }

 private:
  /// Shared with the wakers, which may outlive this.
  struct Ready {
    std::vector<std::size_t> tasks;  // each once
    void add(std::size_t task) {
      if (std::find(tasks.begin(), tasks.end(), task) == tasks.end()) tasks.push_back(task);
    }
  };
  class Handle final : public Wakeable {
   public:
    Handle(std::shared_ptr<Ready> ready, std::size_t task) : ready_(std::move(ready)), task_(task) {}
    void wake() override { ready_->add(task_); }

   private:
    const std::shared_ptr<Ready> ready_;
    const std::size_t task_;
  };
  struct Timer {
    std::int64_t time;
    Waker waker;
  };

  bool goes_on() {
    if (!disturbance_) return true;
    const auto jump = disturbance_->before_turn(clock_.now());
    if (jump) clock_.advance(clock_.now() + *jump);
    return jump.has_value();
  }

  void run_one() {
    const auto choice = random_.below(ready_->tasks.size());
    const auto task = ready_->tasks[choice];
    ready_->tasks.erase(ready_->tasks.begin() + static_cast<std::ptrdiff_t>(choice));
    if (!tasks_[task]) return;  // a wake that came after its end
    const auto turn = tasks_[task]->run(1 + static_cast<int>(random_.below(3)));
    clock_.advance(clock_.now() + 1 + static_cast<std::int64_t>(random_.below(100'000)));
    record(task * 4 + static_cast<std::uint64_t>(turn));
    record(static_cast<std::uint64_t>(clock_.now()));
    if (turn == Turn::again) ready_->add(task);
    if (turn == Turn::finished) tasks_[task] = nullptr;
    // A timer that is due competes with what is ready; now and then somebody is woken for nothing.
    while (due()) fire_next_timer();
    if (random_.chance(5)) ready_->add(random_.below(tasks_.size()));
  }

  std::vector<Timer>::iterator earliest() {
    return std::min_element(
        timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) { return a.time < b.time; });
  }
  bool due() { return !timers_.empty() && earliest()->time <= clock_.now(); }
  bool fire_next_timer() {
    if (timers_.empty()) return false;
    const auto next = earliest();
    clock_.advance(next->time);
    const auto waker = std::move(next->waker);
    timers_.erase(next);
    waker.wake();
    return true;
  }

  void record(std::uint64_t choice) { trace_ = Random(trace_ ^ choice).next(); }

  Random random_;
  Disturbance* const disturbance_;  // may be null
  VirtualClock clock_;
  std::uint64_t trace_ = 0;
  std::vector<Runnable*> tasks_;  // null once finished
  std::vector<Timer> timers_;
  const std::shared_ptr<Ready> ready_;
};

}  // namespace

std::unique_ptr<Executor> make_seeded_executor(std::uint64_t seed, Disturbance* disturbance) {
  return std::make_unique<SeededExecutor>(seed, disturbance);
}

}  // namespace klein
