#include "network/worker_watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "network/worker.h"

namespace klein {

namespace {

// What an event is of: the worker's number times four, and one of these; 0 is the bell.
enum : std::uint64_t { output = 0, errors = 1, end = 2 };

}  // namespace

WorkerWatch& WorkerWatch::of_this_process() {
  static auto* const watch = new WorkerWatch;
  return *watch;
}

Result<int> WorkerWatch::bell() {
  const Lock lock(mutex_);
  if (bell_ >= 0) return bell_;
  events_ = epoll_create1(EPOLL_CLOEXEC);
  bell_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (events_ < 0 || bell_ < 0) {
    return Error(Code::resource, std::string("worker processes can't be watched: ") + std::strerror(errno));
  }
  listen(bell_, 0);
  return bell_;
}

void WorkerWatch::listen(int descriptor, std::uint64_t what) const {
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;  // a pipe that was closed says so once
  event.data.u64 = what;
  epoll_ctl(events_, EPOLL_CTL_ADD, descriptor, &event);
}

void WorkerWatch::add(std::shared_ptr<Worker> worker) {
  const Lock lock(mutex_);
  const auto& process = worker->process();
  const auto number = 4 * next_++;
  workers_[number] = worker;
  listen(process.output(), number + output);
  listen(process.errors(), number + errors);
  listen(process.ended_descriptor(), number + end);
  if (!std::exchange(running_, true)) std::thread([this] { run(); }).detach();
}

std::vector<std::shared_ptr<Worker>> WorkerWatch::workers() const {
  const Lock lock(mutex_);
  std::vector<std::shared_ptr<Worker>> all;
  for (const auto& [number, worker] : workers_) all.push_back(worker);
  return all;
}

void WorkerWatch::run() {
  while (turn()) {
  }
}

bool WorkerWatch::turn() {
  int events = -1, bell = -1;
  {
    const Lock lock(mutex_);
    running_ = !workers_.empty();
    if (!running_) return false;
    events = events_;
    bell = bell_;
  }
  int patience = 1000;
  for (const auto& worker : workers()) patience = std::min(patience, worker->patience());
  std::array<epoll_event, 64> happened = {};
  const int count = epoll_wait(events, happened.data(), static_cast<int>(happened.size()), patience);
  for (int i = 0; i < count; ++i) {
    const auto what = happened[static_cast<std::size_t>(i)].data.u64;
    std::uint64_t rings = 0;
    if (what != 0) {
      see(what);
    } else if (read(bell, &rings, sizeof rings) > 0) {
      for (const auto& worker : workers()) worker->look_at_bell();
    }
  }
  const auto now = SteadyClock().now();
  for (const auto& worker : workers()) worker->check(now);
  return true;
}

void WorkerWatch::see(std::uint64_t what) {
  const auto number = what / 4 * 4;
  std::shared_ptr<Worker> worker;
  {
    const Lock lock(mutex_);
    const auto found = workers_.find(number);
    if (found == workers_.end()) return;
    worker = found->second;
  }
  if (what - number != end) return worker->read_prints();
  if (!worker->see_end()) return;
  const Lock lock(mutex_);
  // Whoever holds it still must not keep this thread awake by it.
  for (const int descriptor :
       {worker->process().output(), worker->process().errors(), worker->process().ended_descriptor()}) {
    epoll_ctl(events_, EPOLL_CTL_DEL, descriptor, nullptr);
  }
  workers_.erase(number);
}

}  // namespace klein
