#pragma once
// Batching — how many rows a step takes and how long it waits for more, from what steps took and how fast rows come.
// Facts in, verdict out: no clock, no I/O, no threads. After the rule "large enough to keep up, and never past the
// deadline": a queue is stable from b = lambda * beta / (1 - lambda * alpha) rows a call on, where a call of b rows
// takes beta + alpha * b; more is waited for only while the first row can still be in time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

namespace klein {

/// What a call of so many rows takes: a line through those that were seen, the older the less they count.
class ServiceTime {
 public:
  void observe(std::int64_t rows, std::int64_t nanoseconds);
  bool known() const { return calls_ >= enough; }
  std::int64_t largest() const { return largest_; }  // rows of a call so far
  double fixed() const { return fixed_; }            // nanoseconds of a call
  double each() const { return each_; }              // nanoseconds of a row in it
  double expected(double rows) const { return fixed_ + each_ * rows; }
  /// What 99 of 100 calls do not exceed.
  double nearly_always(double rows) const { return expected(rows) + residual_; }
  double deviation() const;

 private:
  static constexpr int passed_over = 2, enough = 5;  // the first calls after a load are slow
  static constexpr double kept = 0.98;               // of what earlier calls count, with each one
  static constexpr double least_spread = 0.01;       // of calls' rows, squared, by the square of their mean

  void fit();

  int calls_ = -passed_over;
  std::int64_t largest_ = 0;
  double weight_ = 0, rows_ = 0, rows_squared_ = 0, time_ = 0, product_ = 0;
  double fixed_ = 0, each_ = 0, residual_ = 0, squares_ = 0;
  std::array<double, 64> residuals_ = {};
  std::size_t following_ = 0, seen_ = 0;
};

class Batching {
 public:
  struct Facts {
    std::int64_t now = 0;       // nanoseconds, as all times
    std::int64_t rows = 0;      // that wait
    std::int64_t admitted = 0;  // the first of them
    std::int64_t arrived = 0;   // rows that have come so far, ever
    std::int64_t wanted = 1;    // rows that a call is to have at best
    bool more_may_come = true;
  };
  enum class Why { full, stable, deadline, drain };
  struct Verdict {
    std::int64_t rows = 0;        // to take now; 0: none yet
    std::int64_t wait_until = 0;  // then
    Why why = Why::full;
  };
  /// 0: rows never wait.
  explicit Batching(std::int64_t latency) : latency_(latency) {}
  Verdict decide(const Facts& facts);
  void took(std::int64_t rows, std::int64_t nanoseconds) { service_.observe(rows, nanoseconds); }
  const ServiceTime& service() const { return service_; }

 private:
  double rate(const Facts& facts);  // rows a nanosecond, lately
  std::int64_t most(const Facts& facts) const;
  std::int64_t stable(const Facts& facts, std::int64_t most);
  std::int64_t in_time(const Facts& facts) const;

  const std::int64_t latency_;
  ServiceTime service_;
  std::deque<std::pair<std::int64_t, std::int64_t>> arrivals_ = {};  // when, and how many by then
};

}  // namespace klein
