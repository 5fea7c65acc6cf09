#include "runtime/status.h"

#include <algorithm>
#include <utility>

namespace klein {

namespace {

constexpr std::int64_t between_looks = 1'000'000'000;  // nanoseconds
constexpr std::size_t looks_kept = 6;

double rate(std::int64_t count, double seconds) { return seconds > 0 ? static_cast<double>(count) / seconds : 0; }

/// Of two times that add up to at most `seconds`, but for what the looks at them were apart.
Shares shares_of(double busy, double back_pressured, double seconds) {
  if (seconds <= 0) return {};
  Shares shares;
  shares.busy = std::clamp(busy / seconds, 0.0, 1.0);
  shares.back_pressured = std::clamp(back_pressured / seconds, 0.0, 1 - shares.busy);
  shares.idle = 1 - shares.busy - shares.back_pressured;
  return shares;
}

Value seconds_of(std::int64_t nanoseconds) {
  return nanoseconds > 0 ? Value(static_cast<double>(nanoseconds) / 1e9) : Value();
}

Value snapshots_value(const Status::Snapshots& snapshots) {
  Value last;
  if (snapshots.epoch > 0) {
    last = Value::Map{{"epoch", snapshots.epoch},
                      {"age_seconds", snapshots.age_seconds},
                      {"seconds", snapshots.seconds},
                      {"bytes", snapshots.bytes}};
  }
  return Value::Map{
      {"last", std::move(last)},
      {"sealed", snapshots.sealed},
      {"given_up", snapshots.given_up},
      {"failure", snapshots.failure},
      {"longest_seconds", snapshots.longest_seconds},
      {"largest_bytes", snapshots.largest_bytes},
      {"resumed_from", snapshots.resumed_from},
      {"interval", seconds_of(snapshots.pace.interval)},
      {"timeout", seconds_of(snapshots.pace.timeout)},
      {"retention", snapshots.pace.retention}};
}

void add_to_step(Value::Map& map, const StepStats& step, const Shares& shares, std::int64_t wall) {
  map.emplace_back("busy", shares.busy);
  map.emplace_back("idle", shares.idle);
  map.emplace_back("back_pressured", shares.back_pressured);
  map.emplace_back("watermark", step.watermark ? Value(*step.watermark) : Value());
  map.emplace_back(
      "watermark_delay", step.watermark ? Value(static_cast<double>(wall - *step.watermark) / 1e9) : Value());
}

}  // namespace

void compare(const Stats& earlier, Status& now) {
  const auto seconds = now.seconds - earlier.seconds;
  now.rows_per_second = rate(now.rows_in - earlier.rows_in, seconds);
  now.shares.clear();
  for (std::size_t i = 0; i < now.steps.size(); ++i) {
    const auto& step = now.steps[i];
    const auto before = i < earlier.steps.size() ? earlier.steps[i] : StepStats();
    now.shares.push_back(shares_of(
        step.busy_seconds - before.busy_seconds, step.back_pressured_seconds - before.back_pressured_seconds,
        seconds * std::max(step.tasks, 1)));
  }
}

Value to_value(const Status& status, std::int64_t wall) {
  auto made = to_value(static_cast<const Stats&>(status));
  Value::Map map{{"state", status.state},
                 {"failure", status.failure.empty() ? Value() : Value(status.failure)},
                 {"mode", status.mode},
                 {"rows_per_second", status.rows_per_second}};
  for (const auto& [key, value] : *made.get<Value::Map>()) {
    if (key != "steps") map.emplace_back(key, value);
  }
  map.emplace_back("snapshots", status.snapshots ? snapshots_value(*status.snapshots) : Value());
  Value::List steps = *made.find("steps")->get<Value::List>();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto step = *steps[i].get<Value::Map>();
    add_to_step(step, status.steps[i], i < status.shares.size() ? status.shares[i] : Shares(), wall);
    steps[i] = std::move(step);
  }
  map.emplace_back("steps", std::move(steps));
  return map;
}

Recent::Recent(std::function<std::optional<Stats>()> look, Executor& executor)
    : look_(std::move(look)), executor_(executor), self_(executor.add(*this, Lane::light)) {}

Turn Recent::run(int) {
  auto seen = look_();
  if (!seen) return Turn::finished;
  executor_.timers().wake_at(executor_.clock().now() + between_looks, self_);
  const Lock lock(mutex_);
  kept_.push_back(*std::move(seen));
  if (kept_.size() > looks_kept) kept_.pop_front();
  return Turn::wait;
}

Stats Recent::earlier() const {
  const Lock lock(mutex_);
  return kept_.empty() ? Stats() : kept_.front();
}

}  // namespace klein
