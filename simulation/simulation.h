#pragma once
// Simulation — a plan run again and again on the seeded executor, each time under the faults that a seed chooses, and
// compared with what it shows undisturbed. Its sinks are replaced: nothing outside the process is written. One thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/views.h"
#include "simulation/world.h"

namespace klein::simulation {

struct Settings {
  std::int64_t rows = 10'000;     // where sources without an end are cut, in all of their splits together
  std::optional<Mode> mode = {};  // as in RunOptions; by default what the sources ask for
  Faults faults = {};
  std::optional<std::int64_t> state_memory = {};  // as in RunOptions, of the runs under faults
};

/// Rows of one sink that were not shown as they were undisturbed: a few of each, and how many there are.
struct Difference {
  std::string sink;
  std::int64_t lost = 0, doubled = 0, strange = 0;  // strange: the undisturbed run has no such row
  std::vector<std::string> lost_rows = {}, doubled_rows = {}, strange_rows = {};
};

/// What became of a seed.
struct Outcome {
  std::uint64_t seed = 0, trace = 0;
  std::int64_t attempts = 0, kills = 0, kills_planned = 0, rows = 0;
  bool resumed = false;                             // its last attempt began at a snapshot
  std::map<std::string, std::int64_t> faults = {};  // how often each fired
  std::vector<Difference> differences = {};
  std::string failure = {};  // a sentence where it did not come to its end, or an epoch came out of turn
  bool held() const { return differences.empty() && failure.empty(); }
};
Value to_value(const Outcome& outcome);

class Simulation {
 public:
  /// Runs the plan undisturbed, twice. `invalid` where the two differ, or a source can't be read again; the flow's own
  /// error where it fails.
  static Result<Simulation> make(Plan plan, const Settings& settings, const Registry& registry);
  Outcome run(std::uint64_t seed) const;
  const std::map<std::string, Rows>& expected() const { return expected_; }  // by sink
  /// Sources that were cut.
  const std::vector<std::string>& cut() const { return cut_; }

 private:
  Simulation(Plan plan, const Settings& settings, const Registry& registry)
      : plan_(std::move(plan)), settings_(settings), registry_(&registry) {}
  Result<> look_at_sources();
  Result<std::map<std::string, Rows>> undisturbed(std::uint64_t seed, int cores);

  Plan plan_;
  Settings settings_;
  const Registry* registry_;  // outlives this
  Span span_;
  std::map<std::string, Rows> expected_;
  std::vector<std::string> cut_;
};

/// What of `shown` is not as in `expected`, by sink.
std::vector<Difference> compared(const std::map<std::string, Rows>& expected, const std::map<std::string, Rows>& shown);

}  // namespace klein::simulation
