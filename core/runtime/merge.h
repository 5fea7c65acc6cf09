#pragma once
// Merge — what a task with several inputs knows of time and barriers: the watermark that holds for all, and the first
// barrier of an epoch. Pure: items in, verdict out.

#include <optional>
#include <vector>

#include "data/item.h"

namespace klein {

class Merge {
 public:
  explicit Merge(std::size_t inputs) : marks_(inputs) {}
  /// The watermark that now holds on every input, where it rose. An ended input leaves the minimum; the end comes when
  /// all have ended. Never back: a lower watermark than the last of its input is ignored.
  std::optional<Watermark> on_watermark(std::size_t input, Watermark watermark);
  /// The barrier, where it is the first of its epoch. Stale ones and the same on later inputs are nothing.
  std::optional<Barrier> on_barrier(Barrier barrier);
  bool ended() const { return sent_.is_end(); }

 private:
  std::vector<Watermark> marks_;
  Watermark sent_;
  Epoch epoch_;
};

}  // namespace klein
