#pragma once
// Fired — how far time has come for a key, by its group: what was to be given out before then has been, and a row that
// comes after it is late. It is part of a state, so that a restart, whose time begins anew, gives nothing out twice.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "data/batch.h"
#include "state/key_groups.h"

namespace klein {

inline constexpr auto end_of_time = std::numeric_limits<std::int64_t>::max();
inline constexpr auto before_all_time = std::numeric_limits<std::int64_t>::min();

class Fired {
 public:
  Fired() : by_group_(key_groups, before_all_time) {}
  std::int64_t of(int group) const { return std::max(now_, by_group_[static_cast<std::size_t>(group)]); }
  std::int64_t now() const { return now_; }
  /// Of any key.
  std::int64_t latest() const { return std::max(now_, latest_restored_); }
  void advance(std::int64_t time) { now_ = std::max(now_, time); }
  /// Rows of a state, of the groups of one task: `group` and `time`, where it has come.
  Result<std::vector<Batch>> save(int task, int parallelism) const;
  /// Of an earlier attempt, whose time may have been later than this one's is now.
  void restore(const std::vector<Batch>& rows);

 private:
  std::int64_t now_ = before_all_time, latest_restored_ = before_all_time;
  std::vector<std::int64_t> by_group_;
};

/// Without running over the ends of time; `by` may be negative.
inline std::int64_t later(std::int64_t time, std::int64_t by) {
  std::int64_t sum = 0;
  return !__builtin_add_overflow(time, by, &sum) ? sum : by < 0 ? before_all_time : end_of_time;
}

}  // namespace klein
