#pragma once
// Item — everything that travels on a channel, in one order, on one path.

#include <cstdint>
#include <limits>
#include <variant>

#include "base/ids.h"
#include "data/batch.h"

namespace klein {

/// No row older than `time` (nanoseconds of event time) follows. The end closes bounded input, and nothing else does:
/// batch is a stream whose last watermark came.
struct Watermark {
  std::int64_t time = std::numeric_limits<std::int64_t>::min();
  bool idle = false;  // nothing comes for a while: whoever else brings rows makes the time
  static constexpr Watermark end() { return {.time = std::numeric_limits<std::int64_t>::max()}; }
  bool is_end() const { return time == end().time; }
  auto operator<=>(const Watermark&) const = default;
};

/// All before it belongs to `epoch`; operators never see one.
struct Barrier {
  Epoch epoch;
  auto operator<=>(const Barrier&) const = default;
};

using Item = std::variant<Batch, Watermark, Barrier>;

}  // namespace klein
