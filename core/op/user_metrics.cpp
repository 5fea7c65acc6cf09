#include "op/user_metrics.h"

#include <algorithm>
#include <cmath>

namespace klein {

namespace {

constexpr const char* kinds[] = {"counter", "gauge", "histogram"};

/// The metric of this name, made where there is none; null: it is of another kind.
template <typename Kind>
Kind* metric(UserNumbers& numbers, const std::string& name) {
  return std::get_if<Kind>(&numbers.try_emplace(name, Kind()).first->second);
}

Error is_another(const UserNumbers& numbers, const std::string& name, const char* wanted) {
  return Error(Code::invalid, "the metric '" + name + "' is a " + kinds[numbers.at(name).index()] + ", not a " +
                                  std::string(wanted) + "; give one of them another name");
}

Value shown(const UserMetric& metric) {
  if (const auto* counter = std::get_if<Counter>(&metric)) return counter->count;
  if (const auto* gauge = std::get_if<Gauge>(&metric)) return gauge->value;
  const auto& [values, sum] = std::get<Histogram>(metric);
  if (values.count() == 0) return Value::Map{{"count", 0}};
  return Value::Map{{"count", values.count()},     {"mean", sum / static_cast<double>(values.count())},
                    {"min", values.lowest()},      {"max", values.highest()},
                    {"p50", values.quantile(0.5)}, {"p90", values.quantile(0.9)},
                    {"p99", values.quantile(0.99)}};
}

}  // namespace

void add(const UserNumbers& other, UserNumbers& all) {
  for (const auto& [name, metric] : other) {
    const auto [found, fresh] = all.try_emplace(name, metric);
    if (fresh || found->second.index() != metric.index()) continue;
    if (auto* counter = std::get_if<Counter>(&found->second)) counter->count += std::get<Counter>(metric).count;
    if (auto* gauge = std::get_if<Gauge>(&found->second))
      gauge->value = std::max(gauge->value, std::get<Gauge>(metric).value);
    if (auto* histogram = std::get_if<Histogram>(&found->second)) {
      histogram->values.add(std::get<Histogram>(metric).values);
      histogram->sum += std::get<Histogram>(metric).sum;
    }
  }
}

Value to_value(const UserNumbers& numbers) {
  Value::Map map;
  for (const auto& [name, metric] : numbers) map.emplace_back(name, shown(metric));
  return map;
}

Result<> UserMetrics::count(const std::string& name, std::int64_t by) {
  const Lock lock(mutex_);
  auto* counter = metric<Counter>(numbers_, name);
  if (!counter) return is_another(numbers_, name, "counter");
  counter->count += by;
  return {};
}

Result<> UserMetrics::set(const std::string& name, double value) {
  const Lock lock(mutex_);
  auto* gauge = metric<Gauge>(numbers_, name);
  if (!gauge) return is_another(numbers_, name, "gauge");
  gauge->value = value;
  return {};
}

Result<> UserMetrics::observe(const std::string& name, double value) {
  const Lock lock(mutex_);
  auto* histogram = metric<Histogram>(numbers_, name);
  if (!histogram) return is_another(numbers_, name, "histogram");
  if (std::isnan(value)) return {};
  histogram->values.add(value);
  histogram->sum += value;
  return {};
}

UserNumbers UserMetrics::read() const {
  const Lock lock(mutex_);
  return numbers_;
}

}  // namespace klein
