#include "runtime/batching.h"

#include <algorithm>
#include <cmath>

namespace klein {

namespace {
constexpr std::int64_t least_window = 50'000'000;  // nanoseconds over which arrivals are counted
constexpr double headroom = 1.1;                   // above what keeps up
constexpr double spare = 0.15;                     // of the latency, kept for what is not foreseen
constexpr double almost_all = 0.9;                 // of the speed of endless calls: more rows are not waited for
}  // namespace

void ServiceTime::observe(std::int64_t rows, std::int64_t nanoseconds) {
  if (++calls_ <= 0) return;
  largest_ = std::max(largest_, rows);
  const auto b = static_cast<double>(rows), t = static_cast<double>(nanoseconds);
  weight_ = weight_ * kept + 1;
  rows_ = rows_ * kept + b;
  rows_squared_ = rows_squared_ * kept + b * b;
  time_ = time_ * kept + t;
  product_ = product_ * kept + b * t;
  const auto residual = t - expected(b);
  fit();
  if (!known()) return;
  squares_ = squares_ * kept + residual * residual;
  residuals_[following_] = residual;
  following_ = (following_ + 1) % residuals_.size();
  seen_ = std::min(seen_ + 1, residuals_.size());
  auto sorted = residuals_;
  const auto place = (seen_ * 99) / 100;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(place),
                   sorted.begin() + static_cast<std::ptrdiff_t>(seen_));
  residual_ = std::max(0.0, sorted[place]);
}

/// Where all calls had about as many rows, which part of it is the call's can't be seen: as before, then, and at first
/// it is taken for the rows'.
void ServiceTime::fit() {
  const auto spread = weight_ * rows_squared_ - rows_ * rows_;
  if (spread > least_spread * rows_ * rows_) {
    each_ = std::clamp((weight_ * product_ - rows_ * time_) / spread, 0.0, time_ / rows_);
    fixed_ = (time_ - each_ * rows_) / weight_;
    return;
  }
  const auto before = weight_ * fixed_ + rows_ * each_;
  if (before <= 0) each_ = time_ / rows_;
  if (before <= 0) return;
  fixed_ *= time_ / before;
  each_ *= time_ / before;
}

double ServiceTime::deviation() const { return std::sqrt(squares_ / std::max(weight_, 1.0)); }

double Batching::rate(const Facts& facts) {
  const auto window = std::max(2 * latency_, least_window);
  arrivals_.emplace_back(facts.now, facts.arrived);
  while (arrivals_.size() > 2 && facts.now - arrivals_[1].first >= window) arrivals_.pop_front();
  const auto elapsed = facts.now - arrivals_.front().first;
  if (elapsed <= 0) return 0;
  return static_cast<double>(facts.arrived - arrivals_.front().second) / static_cast<double>(elapsed);
}

/// Rows a call is to have at most: beyond, each would only wait for the others. What more would do is learnt where they
/// are there anyway.
std::int64_t Batching::most(const Facts& facts) const {
  if (facts.rows > service_.largest()) return std::min(facts.wanted, 2 * std::max<std::int64_t>(service_.largest(), 1));
  if (service_.each() <= 0) return facts.wanted;
  const auto enough = std::ceil(almost_all / (1 - almost_all) * service_.fixed() / service_.each());
  return static_cast<std::int64_t>(std::clamp<double>(enough, 1, static_cast<double>(facts.wanted)));
}

/// Rows a call is to have at least, to keep up with what comes.
std::int64_t Batching::stable(const Facts& facts, std::int64_t most) {
  const auto speed = rate(facts), left = 1 - speed * service_.each();
  if (left <= 0) return most;
  const auto rows = std::ceil(headroom * speed * service_.fixed() / left);
  return static_cast<std::int64_t>(std::clamp<double>(rows, 1, static_cast<double>(most)));
}

/// Rows whose call ends before the first one's deadline.
std::int64_t Batching::in_time(const Facts& facts) const {
  const auto left = static_cast<double>(facts.admitted + latency_ - facts.now) - service_.fixed();
  return static_cast<std::int64_t>(
      std::clamp<double>(left / std::max(service_.each(), 1e-3), 1, static_cast<double>(facts.wanted)));
}

Batching::Verdict Batching::decide(const Facts& facts) {
  const auto all = std::min(facts.rows, facts.wanted);
  if (latency_ == 0) return {.rows = all, .why = facts.rows >= facts.wanted ? Why::full : Why::stable};
  const auto most = this->most(facts), least = stable(facts, most);
  if (!service_.known()) return {.rows = all, .why = Why::stable};
  // Fewer rows than keep up would save the first and lose all that follow it.
  const auto fitting = in_time(facts);
  const auto some = std::min({facts.rows, most, fitting < least ? most : fitting});
  if (!facts.more_may_come) return {.rows = some, .why = Why::drain};
  if (facts.rows >= least) return {.rows = some, .why = facts.rows >= most ? Why::full : Why::stable};
  const auto margin = std::max(spare * static_cast<double>(latency_), 2 * service_.deviation());
  const auto call = service_.nearly_always(static_cast<double>(std::min(facts.rows + 1, most)));
  const auto latest = facts.admitted + latency_ - static_cast<std::int64_t>(margin + call);
  if (facts.now < latest) return {.rows = 0, .wait_until = latest};
  return {.rows = some, .why = Why::deadline};
}

}  // namespace klein
