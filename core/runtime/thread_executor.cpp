// Threads: three lanes, each a queue and the threads that serve it. Waking an idle core costs twenty microseconds, so a
// worker keeps the task that its own short turn woke for itself, and asks for help only where turns are long.

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "runtime/executor.h"

namespace klein {

namespace {

constexpr int steps_per_turn = 64;
constexpr std::int64_t short_turn = 50'000;  // nanoseconds: below it a hop costs less than waking another core
constexpr int kept_in_a_row = 16;            // then the queue has its turn

class Pool;

/// A task's place in the executor. Wakers share it, so it may outlive the executor: it keeps the pool, which then is
/// stopped.
class Handle final : public Wakeable, public std::enable_shared_from_this<Handle> {
 public:
  Handle(std::shared_ptr<Pool> pool, Runnable& task) : pool_(std::move(pool)), task_(&task) {}
  void wake() override;
  bool is_short() const { return mean_turn_ < short_turn; }

 private:
  friend class Pool;
  enum class State { idle, queued, running, woken, finished };
  std::atomic<State> state_{State::idle};
  const std::shared_ptr<Pool> pool_;
  Runnable* const task_;
  std::int64_t mean_turn_ = short_turn;  // of the thread that runs it; unknown counts as long
};

/// The threads of one lane.
class Pool {
 public:
  Pool(int threads, bool keeps_timers) : limit_(threads), keeps_timers_(keeps_timers) {}
  void stop();  // waits for turns in progress; what is enqueued afterwards is dropped
  void enqueue(std::shared_ptr<Handle> handle);
  void wake_at(std::int64_t time, Waker waker);

 private:
  struct Timer {
    std::int64_t time;
    Waker waker;
  };
  void serve();
  std::shared_ptr<Handle> next() KLEIN_EXCLUDES(mutex_);
  void sleep() KLEIN_REQUIRES(mutex_);
  void fire_timers() KLEIN_EXCLUDES(mutex_);
  void run(const std::shared_ptr<Handle>& handle);
  void start_or_notify() KLEIN_REQUIRES(mutex_);

  const int limit_;
  const bool keeps_timers_;
  const SteadyClock clock_;
  Mutex mutex_;
  Condition work_;
  std::deque<std::shared_ptr<Handle>> queue_ KLEIN_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ KLEIN_GUARDED_BY(mutex_);
  std::vector<Timer> timers_ KLEIN_GUARDED_BY(mutex_);
  int sleeping_ KLEIN_GUARDED_BY(mutex_) = 0;
  bool stopping_ KLEIN_GUARDED_BY(mutex_) = false;
};

/// What the current thread is, if it serves a pool: the pool, the task in its turn, and the one kept for afterwards.
struct Current {
  const Pool* pool = nullptr;
  const Handle* running = nullptr;
  std::shared_ptr<Handle> kept;
};
thread_local Current current;

void Handle::wake() {
  auto state = state_.load();
  while (true) {
    if (state == State::idle) {
      if (!state_.compare_exchange_weak(state, State::queued)) continue;
      pool_->enqueue(shared_from_this());
      return;
    }
    if (state != State::running) return;  // queued, or woken already, or finished
    if (state_.compare_exchange_weak(state, State::woken)) return;
  }
}

void Pool::enqueue(std::shared_ptr<Handle> handle) {
  if (current.pool == this && !current.kept && current.running && current.running->is_short()) {
    current.kept = std::move(handle);
    return;
  }
  const Lock lock(mutex_);
  if (stopping_) return;
  queue_.push_back(std::move(handle));
  start_or_notify();
}

void Pool::start_or_notify() {
  if (sleeping_ > 0) {
    work_.notify_one();
  } else if (static_cast<int>(threads_.size()) < limit_) {
    threads_.emplace_back([this] { serve(); });
  }
}

void Pool::wake_at(std::int64_t time, Waker waker) {
  const Lock lock(mutex_);
  if (stopping_) return;
  timers_.push_back({time, std::move(waker)});
  start_or_notify();
}

void Pool::fire_timers() {
  std::vector<Waker> due;
  {
    const Lock lock(mutex_);
    if (timers_.empty()) return;
    const auto now = clock_.now();
    std::erase_if(timers_, [&](Timer& timer) {
      if (timer.time > now) return false;
      due.push_back(std::move(timer.waker));
      return true;
    });
  }
  for (const auto& waker : due) waker.wake();
}

void Pool::sleep() {
  ++sleeping_;
  if (timers_.empty()) {
    work_.wait(mutex_);
  } else {
    auto first = timers_.front().time;
    for (const auto& timer : timers_) first = std::min(first, timer.time);
    work_.wait_for(mutex_, std::chrono::nanoseconds(std::max<std::int64_t>(first - clock_.now(), 0)));
  }
  --sleeping_;
}

std::shared_ptr<Handle> Pool::next() {
  const Lock lock(mutex_);
  if (stopping_) return nullptr;
  if (queue_.empty()) {
    sleep();
    return nullptr;
  }
  auto handle = std::move(queue_.front());
  queue_.pop_front();
  return handle;
}

void Pool::serve() {
  current.pool = this;
  int kept = 0;
  while (true) {
    if (keeps_timers_) fire_timers();
    if (current.kept && ++kept <= kept_in_a_row) {
      run(std::exchange(current.kept, nullptr));
      continue;
    }
    kept = 0;
    {
      const Lock lock(mutex_);
      if (current.kept) queue_.push_back(std::exchange(current.kept, nullptr));
      if (stopping_) break;
    }
    if (const auto handle = next()) run(handle);
  }
  current = {};
}

void Pool::run(const std::shared_ptr<Handle>& handle) {
  using State = Handle::State;
  handle->state_.store(State::running);
  current.running = handle.get();
  const auto begin = clock_.now();
  const auto turn = handle->task_->run(steps_per_turn);
  handle->mean_turn_ += (clock_.now() - begin - handle->mean_turn_) / 4;
  current.running = nullptr;
  if (turn == Turn::finished) {
    handle->state_.store(State::finished);
    return;
  }
  auto expected = State::running;
  if (turn == Turn::wait && handle->state_.compare_exchange_strong(expected, State::idle)) return;
  handle->state_.store(State::queued);
  const Lock lock(mutex_);
  if (stopping_) return;
  queue_.push_back(handle);
  if (queue_.size() > 1) start_or_notify();
}

void Pool::stop() {
  std::vector<std::thread> threads;
  std::deque<std::shared_ptr<Handle>> queue;  // they keep this pool, so they are let go of outside the lock
  std::vector<Timer> timers;
  {
    const Lock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
    threads.swap(threads_);
    queue.swap(queue_);
    timers.swap(timers_);
  }
  for (auto& thread : threads) thread.join();
}

class ThreadExecutor final : public Executor, public Timers {
 public:
  explicit ThreadExecutor(int compute)
      : compute_(std::make_shared<Pool>(compute, false)),
        light_(std::make_shared<Pool>(1, true)),
        blocking_(std::make_shared<Pool>(2, false)) {}
  ~ThreadExecutor() override {
    for (const auto& pool : {compute_, light_, blocking_}) pool->stop();
  }
  Waker add(Runnable& task, Lane lane) override {
    const auto& pool = lane == Lane::compute ? compute_ : lane == Lane::light ? light_ : blocking_;
    return Waker(std::make_shared<Handle>(pool, task));
  }
  const Clock& clock() const override { return clock_; }
  Timers& timers() override { return *this; }
  void wake_at(std::int64_t time, Waker waker) override { light_->wake_at(time, std::move(waker)); }
  void run_until_idle() override {}
  std::uint64_t trace() const override { return 0; }

 private:
  const SteadyClock clock_;
  const std::shared_ptr<Pool> compute_, light_, blocking_;
};

}  // namespace

std::unique_ptr<Executor> make_thread_executor(int compute) { return std::make_unique<ThreadExecutor>(compute); }

}  // namespace klein
