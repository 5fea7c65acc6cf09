#pragma once
// Durations as people write them: "500ms", "10s", "1.5min", "2h", "1d".

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace klein {

/// Nanoseconds, not negative. Units: ns, us, ms, s, m or min, h, d.
Result<std::int64_t> duration_from(std::string_view text);
/// The same, perhaps with a sign before it: "-5s".
Result<std::int64_t> signed_duration_from(std::string_view text);

}  // namespace klein
