#pragma once
// UserMetrics — what the code of a step counts for its user, by name: counters, gauges and histograms. Written by the
// step's thread and read by anyone; they begin anew where a job goes on.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "base/mutex.h"
#include "base/quantiles.h"
#include "base/result.h"
#include "base/value.h"

namespace klein {

struct Counter {
  std::int64_t count = 0;
};
struct Gauge {
  double value = 0;
};
struct Histogram {
  Quantiles values;
  double sum = 0;
};
using UserMetric = std::variant<Counter, Gauge, Histogram>;
using UserNumbers = std::map<std::string, UserMetric>;

/// Those of another task of the step too: counters and histograms add up, of gauges the higher one holds.
void add(const UserNumbers& other, UserNumbers& all);
/// By name: an integer, a number, or of a histogram its count, mean, min, max, p50, p90 and p99.
Value to_value(const UserNumbers& numbers);

/// Thread-safe.
class UserMetrics {
 public:
  // Errors: the name is that of a metric of another kind.
  Result<> count(const std::string& name, std::int64_t by);
  Result<> set(const std::string& name, double value);
  Result<> observe(const std::string& name, double value);
  UserNumbers read() const;

 private:
  mutable Mutex mutex_;
  UserNumbers numbers_ KLEIN_GUARDED_BY(mutex_);
};

/// A step whose code counts: it is given where to, before it is opened.
class Counting {
 public:
  virtual ~Counting() = default;
  virtual void count_in(std::shared_ptr<UserMetrics> metrics) = 0;
};

}  // namespace klein
