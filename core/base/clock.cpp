#include "base/clock.h"

#include <ctime>

namespace klein {

namespace {
std::int64_t read_clock(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}
}  // namespace

std::int64_t SteadyClock::now() const { return read_clock(CLOCK_MONOTONIC); }

std::int64_t thread_cpu_time() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace klein
