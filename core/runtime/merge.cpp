#include "runtime/merge.h"

#include <algorithm>

namespace klein {

std::optional<Watermark> Merge::on_watermark(std::size_t input, Watermark watermark) {
  marks_[input] = std::max(marks_[input], watermark);
  // An ended input's mark is the highest there is, so the minimum over all is the minimum over those still open.
  const auto lowest = *std::min_element(marks_.begin(), marks_.end());
  if (lowest <= sent_) return std::nullopt;
  sent_ = lowest;
  return lowest;
}

}  // namespace klein
