// What a simulation found, compared and as values.

#include <algorithm>
#include <utility>

#include "simulation/simulation.h"

namespace klein::simulation {

namespace {

constexpr std::size_t rows_named = 5;

void name(std::vector<std::string>& rows, const std::string& row, std::int64_t& all, std::int64_t count) {
  all += count;
  if (count > 0 && rows.size() < rows_named) rows.push_back(row);
}

std::int64_t count_of(const Rows& rows, const std::string& row) {
  const auto found = rows.find(row);
  return found == rows.end() ? 0 : found->second;
}

Difference compared(const std::string& sink, const Rows& expected, const Rows& shown) {
  Difference found{.sink = sink};
  for (const auto& [row, count] : expected) {
    const auto seen = count_of(shown, row);
    name(found.lost_rows, row, found.lost, std::max<std::int64_t>(count - seen, 0));
    name(found.doubled_rows, row, found.doubled, std::max<std::int64_t>(seen - count, 0));
  }
  for (const auto& [row, count] : shown) {
    if (!expected.contains(row)) name(found.strange_rows, row, found.strange, count);
  }
  return found;
}

Value listed(const std::vector<std::string>& rows) { return Value::List(rows.begin(), rows.end()); }

Value to_value(const Difference& difference) {
  return Value::Map{
      {"sink", difference.sink},
      {"lost", difference.lost},
      {"doubled", difference.doubled},
      {"strange", difference.strange},
      {"lost_rows", listed(difference.lost_rows)},
      {"doubled_rows", listed(difference.doubled_rows)},
      {"strange_rows", listed(difference.strange_rows)}};
}

}  // namespace

std::vector<Difference> compared(const std::map<std::string, Rows>& expected,
                                 const std::map<std::string, Rows>& shown) {
  std::vector<Difference> all;
  auto sinks = expected;
  sinks.insert(shown.begin(), shown.end());
  for (const auto& [sink, rows] : sinks) {
    const auto of = [sink = sink](const std::map<std::string, Rows>& by_sink) {
      const auto found = by_sink.find(sink);
      return found == by_sink.end() ? Rows() : found->second;
    };
    auto found = compared(sink, of(expected), of(shown));
    if (found.lost + found.doubled + found.strange > 0) all.push_back(std::move(found));
  }
  return all;
}

Value to_value(const Outcome& outcome) {
  Value::Map faults;
  for (const auto& [name, count] : outcome.faults) faults.emplace_back(name, count);
  Value::List differences;
  for (const auto& difference : outcome.differences) differences.push_back(to_value(difference));
  return Value::Map{
      {"seed", static_cast<std::int64_t>(outcome.seed)},
      {"trace", std::to_string(outcome.trace)},
      {"attempts", outcome.attempts},
      {"kills", outcome.kills},
      {"kills_planned", outcome.kills_planned},
      {"rows", outcome.rows},
      {"resumed", outcome.resumed},
      {"held", outcome.held()},
      {"faults", std::move(faults)},
      {"differences", std::move(differences)},
      {"failure", outcome.failure}};
}

}  // namespace klein::simulation
