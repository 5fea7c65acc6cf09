#pragma once
// World — what outlives a simulated job: its disk, what its sinks have staged and shown, and the faults that befall it,
// each chosen by the seed. Used by one thread.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/executor.h"

namespace klein::simulation {

/// Where a job can be killed.
enum class Moment { turn, write, prepare, seal, sealed, commit, committed };
inline constexpr std::size_t moment_count = 7;
std::string_view to_string(Moment moment);

/// Which faults there may be.
struct Faults {
  bool kill = true, store = true, slow = true, clock = true;
  bool operator==(const Faults&) const = default;
  static Faults none() { return {false, false, false, false}; }
};

/// How often each row was shown, by its text.
using Rows = std::map<std::string, std::int64_t>;

/// What an undisturbed run was like, so that faults fall into the time that a job takes.
struct Span {
  std::int64_t turns = 1000, nanoseconds = 50'000'000, rows = 1000;
};

class World final : public Disturbance {
 public:
  World(std::uint64_t seed, Faults faults, Span span);

  Random& random() { return random_; }
  const Span& span() const { return span_; }
  /// From now on another process runs the job; one in `kills` of them will be killed.
  void begin_attempt();
  int attempts() const { return attempts_; }

  std::optional<std::int64_t> before_turn(std::int64_t now) override;
  /// The job has come to this moment; true: it was killed, here or before, so nothing that it does happens any more.
  bool dies_at(Moment moment);
  bool dead() const { return dead_; }

  /// By how much a call takes longer than it does; 0: it does not.
  std::int64_t delay();
  /// Whether a fault of the store's happens now; it is counted under this name.
  bool store_fails(const char* how);
  /// What failed because this world wanted it to.
  Error fault(const std::string& what);
  bool is_fault(const Error& error) const;

  /// What a write that is late does when it comes, and the writes that have come.
  void postpone(std::function<void()> write) { late_.push_back(std::move(write)); }
  void deliver_late();

  /// The epoch holds from now on.
  void seal(Epoch epoch);

  // What sinks do, each under a name of its own.
  std::string next_sink() { return std::to_string(sinks_++) + "."; }
  void stage(const std::string& token, const std::string& step, Rows rows);
  Result<> show(const std::string& token, Epoch epoch);
  void drop(const std::string& beginning);

  const std::map<std::string, Rows>& shown() const { return shown_; }  // by step
  const std::map<std::string, std::int64_t>& fired() const { return fired_; }
  std::int64_t kills() const { return kills_; }
  std::int64_t kills_planned() const { return kills_planned_; }
  std::int64_t faults() const;
  /// A sentence where an epoch came out of turn; else empty.
  const std::string& disorder() const { return disorder_; }
  std::int64_t turns() const { return turns_; }
  std::int64_t now() const { return now_; }
  /// A hash of all that has happened.
  std::uint64_t trace() const { return trace_; }

 private:
  struct Staged {
    std::string step;
    Rows rows;
  };
  void note(std::uint64_t event) { trace_ = Random(trace_ ^ event).next(); }
  void die(Moment moment);

  Random random_;
  const Faults faults_;
  const Span span_;
  unsigned slow_percent_ = 0, store_percent_ = 0;
  bool clock_jumps_ = false;
  int kills_left_ = 0, attempts_ = 0, sinks_ = 0;
  std::int64_t kills_ = 0, kills_planned_ = 0, turns_ = 0, now_ = 0;
  bool dead_ = false;
  std::optional<Moment> killed_at_;  // in this attempt
  std::int64_t killed_after_ = 0;    // so many times that moment
  std::int64_t sealed_epoch_ = 0, shown_epoch_ = 0;
  std::uint64_t trace_ = 0;
  std::vector<std::function<void()>> late_;
  std::map<std::string, Staged> staged_;  // by token
  std::set<std::string> committed_;       // tokens
  std::map<std::string, Rows> shown_;
  std::map<std::string, std::int64_t> fired_;
  std::string disorder_;
};

}  // namespace klein::simulation
