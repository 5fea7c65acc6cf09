#pragma once
// Merge — what a task with several inputs knows of time: the watermark that holds for all. Pure: items in, verdict out.

#include <optional>
#include <vector>

#include "data/item.h"

namespace klein {

class Merge {
 public:
  explicit Merge(std::size_t inputs) : marks_(inputs) {}
  /// The watermark that now holds, where it changed: the lowest of the inputs that are not idle; once all are, the
  /// highest that they had, and there time stands still. An ended input leaves the minimum; the end comes when all have
  /// ended. Never back: a lower watermark than the last of its input is ignored.
  std::optional<Watermark> on_watermark(std::size_t input, Watermark watermark);
  /// An input that is not waited for until it begins.
  void put_off(std::size_t input) { marks_[input].idle = true; }
  void begin(std::size_t input) { marks_[input].idle = false; }
  bool ended() const { return sent_.is_end(); }
  bool has_ended(std::size_t input) const { return marks_[input].is_end(); }
  Watermark last() const { return sent_; }

 private:
  Watermark merged() const;

  std::vector<Watermark> marks_;
  Watermark sent_;
};

}  // namespace klein
