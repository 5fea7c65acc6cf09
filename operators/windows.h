#pragma once
// Windows — the groups of a step in their windows: where rows go, what is due, and the state of it. One class for
// windows of one length, one for sessions; without a window, all time is one.

#include <algorithm>
#include <functional>
#include <limits>

#include "operators/groups.h"
#include "operators/window.h"

namespace klein {

inline constexpr auto end_of_time = std::numeric_limits<std::int64_t>::max();
inline constexpr auto before_all_time = std::numeric_limits<std::int64_t>::min();

/// How far time has come for a key: its windows that end before have fired.
class Fired {
 public:
  Fired() : by_group_(key_groups, before_all_time) {}
  std::int64_t of(int group) const { return std::max(now_, by_group_[static_cast<std::size_t>(group)]); }
  std::int64_t now() const { return now_; }
  /// Of any key.
  std::int64_t latest() const { return std::max(now_, latest_restored_); }
  void advance(std::int64_t time) { now_ = std::max(now_, time); }
  /// Of an earlier attempt, whose time may have been later than this one's is now.
  void restore(int group, std::int64_t time) {
    by_group_[static_cast<std::size_t>(group)] = time;
    latest_restored_ = std::max(latest_restored_, time);
  }

 private:
  std::int64_t now_ = before_all_time, latest_restored_ = before_all_time;
  std::vector<std::int64_t> by_group_;
};

class Windows {
 public:
  using Emit = std::function<void(Batch)>;
  virtual ~Windows() = default;
  /// Adds the rows; those that are too late are named in `late`. Windows that have fired before give their results
  /// again.
  virtual Result<> add(const Batch& batch, const Keys& keys, const std::vector<std::int64_t>& times, const Fired& fired,
                       std::vector<std::int64_t>& late, const Emit& emit) = 0;
  /// Gives out what is due at `fired.now()`, some of it; false: that was all.
  virtual Result<bool> fire(const Fired& fired, const Emit& emit) = 0;
  /// Gives out what changed since it was last given out, though its window is not over.
  virtual Result<> fire_early(const Emit& emit) = 0;
  virtual Result<std::vector<Batch>> save() const = 0;
  virtual Result<> load(const Batch& rows) = 0;
};

std::unique_ptr<Windows> make_panes(std::shared_ptr<const Shape> shape, std::optional<Window> window,
                                    std::int64_t lateness);
std::unique_ptr<Windows> make_sessions(std::shared_ptr<const Shape> shape, std::int64_t gap, std::int64_t lateness);

inline constexpr std::uint32_t results_at_once = 32 * 1024;

/// Without running over the end of time.
inline std::int64_t later(std::int64_t time, std::int64_t by) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(time, by, &sum) ? end_of_time : sum;
}

}  // namespace klein
