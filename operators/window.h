#pragma once
// Window — which stretches of event time a row belongs to, as plans write it: "tumbling(10s)", "sliding(10s, 2s)",
// "session(30s)"; a last argument more is the offset from 1970.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace klein {

struct Window {
  /// Of a session: as long as rows of a key come within `size` of each other. Else `size` long, one each `slide`.
  bool session = false;
  std::int64_t size = 0, slide = 0, offset = 0;  // nanoseconds

  static Result<Window> parse(const std::string& text);
  /// The start of the last window that `time` falls into; others begin each `slide` before it.
  std::int64_t last_start(std::int64_t time) const {
    const auto beyond = (time - offset) % slide;
    return time - (beyond < 0 ? beyond + slide : beyond);
  }
};

}  // namespace klein
