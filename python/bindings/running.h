#pragma once
// Jobs in Python's hands. What drops one does not wait for the user's code in it, and none outlives the interpreter.

#include <nanobind/nanobind.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "runtime/job.h"

namespace klein::py {

/// Jobs that may run when the program ends; guarded by the GIL.
struct Running {
  std::set<Job*> jobs;                     // in Python's hands
  std::vector<std::unique_ptr<Job>> left;  // dropped while a function held them
  static Running& all() {
    static auto* const running = new Running;
    return *running;
  }
  void sweep() {
    const auto running = [](const auto& job) { return !job->wait_for({}); };
    const auto first = std::stable_partition(left.begin(), left.end(), running);
    std::vector<std::unique_ptr<Job>> ended(std::make_move_iterator(first), std::make_move_iterator(left.end()));
    left.erase(first, left.end());
    const nanobind::gil_scoped_release unlocked;  // a thread that ends takes the GIL
    ended.clear();
  }
};

struct SharedJob {
  explicit SharedJob(std::unique_ptr<Job> started) : job(std::move(started)) { Running::all().jobs.insert(job.get()); }
  SharedJob(const SharedJob&) = delete;
  SharedJob& operator=(const SharedJob&) = delete;
  ~SharedJob() {
    Running::all().jobs.erase(job.get());
    bool ended = false;
    {
      const nanobind::gil_scoped_release unlocked;  // its threads may be waiting for the GIL
      ended = job->wait_for({});
      if (ended) job.reset();
      if (!ended) job->stop(Stop::now);
    }
    if (!ended) Running::all().left.push_back(std::move(job));  // whoever drops it does not wait for the user's code
  }
  std::unique_ptr<Job> job;
};

}  // namespace klein::py
