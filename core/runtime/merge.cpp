#include "runtime/merge.h"

#include <algorithm>

namespace klein {

Watermark Merge::merged() const {
  auto lowest = Watermark::end();
  auto highest_idle = sent_.time;
  bool any_idle = false;
  for (const auto& mark : marks_) {
    any_idle |= mark.idle;
    if (mark.idle) highest_idle = std::max(highest_idle, mark.time);
    if (!mark.idle) lowest.time = std::min(lowest.time, mark.time);
  }
  // Ended plus idle is not ended.
  if (lowest.is_end()) return any_idle ? Watermark{.time = highest_idle, .idle = true} : lowest;
  return {.time = std::max(lowest.time, sent_.time)};
}

std::optional<Watermark> Merge::on_watermark(std::size_t input, Watermark watermark) {
  auto& mark = marks_[input];
  mark = {.time = std::max(mark.time, watermark.time), .idle = watermark.idle};
  const auto now = merged();
  if (now == sent_) return std::nullopt;
  sent_ = now;
  return now;
}

}  // namespace klein
