#include "runtime/report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace klein {

namespace {

Value bytes_value(std::optional<std::int64_t> bytes) { return bytes ? Value(*bytes) : Value(); }

Value step_value(const StepStats& step) {
  return Value::Map{
      {"name", step.name},
      {"kind", step.kind},
      {"rows_in", step.rows_in},
      {"rows_out", step.rows_out},
      {"rows_failed", step.rows_failed},
      {"batches", step.batches},
      {"busy_seconds", step.busy_seconds},
      {"cpu_seconds", step.cpu_seconds},
      {"back_pressured_seconds", step.back_pressured_seconds},
      {"tasks", step.tasks},
      {"state_memory", bytes_value(step.state_memory)},
      {"state_disk", bytes_value(step.state_disk)},
      {"metrics", to_value(step.user)}};
}

Value::Map entries(const Stats& stats) {
  Value::List steps;
  for (const auto& step : stats.steps) steps.push_back(step_value(step));
  return {{"rows_in", stats.rows_in},
          {"rows_out", stats.rows_out},
          {"rows_failed", stats.rows_failed},
          {"rows_expected", stats.rows_expected},
          {"bytes_in_flight", stats.bytes_in_flight},
          {"seconds", stats.seconds},
          {"steps", std::move(steps)}};
}

__attribute__((format(printf, 2, 3))) void append(std::string& text, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  text += line;
}

}  // namespace

Value to_value(const Stats& stats) { return entries(stats); }

Value to_value(const RunReport& report) {
  auto map = entries(report);
  map.emplace_back("rows_per_second", report.rows_per_second);
  map.emplace_back("cpu_seconds", report.cpu_seconds);
  map.emplace_back("peak_memory", report.peak_memory);
  map.emplace_back("bottleneck", report.bottleneck);
  map.emplace_back("mode", report.mode);
  map.emplace_back("stopped", report.stopped);
  const auto& snapshots = report.snapshots;
  map.emplace_back("snapshots", Value::Map{{"sealed", snapshots.sealed},
                                           {"given_up", snapshots.given_up},
                                           {"longest_seconds", snapshots.longest_seconds},
                                           {"largest_bytes", snapshots.largest_bytes},
                                           {"failure", snapshots.failure}});
  map.emplace_back("resumed_from", report.resumed_from);
  map.emplace_back("finished_before", report.finished_before);
  map.emplace_back("warning", report.warning);
  return map;
}

namespace {

std::string about_snapshots(const RunReport& report) {
  std::string text;
  if (report.resumed_from > 0)
    append(text, "went on from snapshot %lld; ", static_cast<long long>(report.resumed_from));
  const auto& snapshots = report.snapshots;
  append(text, "%lld snapshots, the longest %.0f ms, the largest %.1f MB", static_cast<long long>(snapshots.sealed),
         snapshots.longest_seconds * 1e3, static_cast<double>(snapshots.largest_bytes) / 1e6);
  if (snapshots.given_up > 0) text += ", " + std::to_string(snapshots.given_up) + " given up: " + snapshots.failure;
  if (report.stopped && snapshots.sealed > 0) text += "; the same run goes on from the last";
  text += "\n";
  if (!report.warning.empty()) text += report.warning + "\n";
  return text;
}

}  // namespace

std::string to_text(const RunReport& report) {
  if (report.finished_before) return "this job has finished before, so nothing was done; restart=True begins it anew\n";
  std::string text;
  append(text, "%s%s: %lld rows in, %lld out, %lld failed in %.2f s (%.0f rows/s), %.2f CPU-s, peak %lld MB\n",
         report.mode.c_str(), report.stopped ? ", stopped" : "", static_cast<long long>(report.rows_in),
         static_cast<long long>(report.rows_out), static_cast<long long>(report.rows_failed), report.seconds,
         report.rows_per_second, report.cpu_seconds, static_cast<long long>(report.peak_memory >> 20));
  if (report.snapshots.sealed + report.snapshots.given_up + report.resumed_from > 0) text += about_snapshots(report);
  std::size_t width = 4;
  double busy = 0;
  for (const auto& step : report.steps) {
    width = std::max(width, step.name.size());
    busy += step.busy_seconds;
  }
  append(text, "  %-*s %12s %12s %8s %8s %10s %7s\n", static_cast<int>(width), "step", "rows in", "rows out", "failed",
         "tasks", "busy s", "share");
  for (const auto& step : report.steps) {
    append(text, "  %-*s %12lld %12lld %8lld %8d %10.3f %6.1f%%%s\n", static_cast<int>(width), step.name.c_str(),
           static_cast<long long>(step.rows_in), static_cast<long long>(step.rows_out),
           static_cast<long long>(step.rows_failed), step.tasks, step.busy_seconds,
           busy > 0 ? 100 * step.busy_seconds / busy : 0, step.name == report.bottleneck ? "  <- bottleneck" : "");
  }
  for (const auto& step : report.steps) {
    if (!step.state_memory) continue;
    append(text, "  %s remembered %.1f MB in memory, %.1f MB on disk\n", step.name.c_str(),
           static_cast<double>(*step.state_memory) / 1e6, static_cast<double>(step.state_disk.value_or(0)) / 1e6);
  }
  for (const auto& step : report.steps) {
    if (!step.user.empty()) text += "  " + step.name + " counts " + to_json(to_value(step.user)) + "\n";
  }
  if (report.trace != 0) text += "  a run with a seed has a clock of its own: what steps took is not known\n";
  return text;
}

}  // namespace klein
