#pragma once
// Windows — the groups of a step in their windows: where rows go, what is due, and the state of it. One class for
// windows of one length, one for sessions; without a window, all time is one.

#include <functional>

#include "operators/fired.h"
#include "operators/groups.h"
#include "operators/window.h"

namespace klein {

/// Rows of a state.
struct Gathered {
  std::vector<Batch> rows;
  bool since_last = false;              // behind those that were saved before
  std::int64_t gone = before_all_time;  // then windows that begin by this time are no more
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
  /// Gives out what late rows changed, where that was not to be at once.
  virtual Result<> fire_late(const Emit& emit) = 0;
  /// What the windows have gathered, or what of it has changed since this was called last.
  virtual Result<Gathered> save() = 0;
  /// Adds rows that were saved; a window's group that is there already is as these say.
  virtual Result<> load(const Batch& rows) = 0;
};

/// How long windows take late rows, and whether what these change waits for `fire_late` or the window's end.
struct Lateness {
  std::int64_t allowed = 0;
  bool together = false;
};

std::unique_ptr<Windows> make_panes(std::shared_ptr<const Shape> shape, std::optional<Window> window, Lateness late);
std::unique_ptr<Windows> make_sessions(std::shared_ptr<const Shape> shape, std::int64_t gap, Lateness late);

inline constexpr std::uint32_t results_at_once = 32 * 1024;

}  // namespace klein
