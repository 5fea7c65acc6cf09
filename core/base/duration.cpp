#include "base/duration.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace klein {

namespace {

constexpr std::pair<std::string_view, double> units[] = {
    {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}};

}  // namespace

Result<std::int64_t> duration_from(std::string_view text) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const auto& [name, nanoseconds] : units) {
    const auto whole = std::round(number * nanoseconds);
    if (failed != std::errc() || unit != name || !(whole >= 0) || whole > 9e18) continue;
    return static_cast<std::int64_t>(whole);
  }
  return Error(Code::invalid,
               "a duration is a number and a unit, such as 500ms, 10s, 5min or 2h, not '" + std::string(text) + "'");
}

Result<std::int64_t> signed_duration_from(std::string_view text) {
  const bool has_sign = !text.empty() && (text.front() == '-' || text.front() == '+');
  const auto length = KLEIN_TRY(duration_from(text.substr(has_sign ? 1 : 0)));
  return has_sign && text.front() == '-' ? -length : length;
}

}  // namespace klein
