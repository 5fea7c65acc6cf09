#include "operators/window.h"

#include <vector>

#include "base/duration.h"

namespace klein {

namespace {

Error not_a_window(const std::string& text) {
  return Error(Code::invalid, "a window is tumbling(10s), sliding(10s, 2s) or session(30s), not '" + text + "'");
}

Result<std::vector<std::int64_t>> arguments(const std::string& text, std::size_t open) {
  std::vector<std::int64_t> all;
  auto begin = open + 1;
  while (begin < text.size()) {
    const auto end = text.find_first_of(",)", begin);
    if (end == std::string::npos) return not_a_window(text);
    all.push_back(KLEIN_TRY(duration_from(text.substr(begin, end - begin))));
    begin = text.find_first_not_of(' ', end + 1);
    if (begin == std::string::npos) break;
  }
  return all;
}

}  // namespace

Result<Window> Window::parse(const std::string& text) {
  const auto open = text.find('(');
  if (open == std::string::npos || text.back() != ')') return not_a_window(text);
  const auto kind = text.substr(0, open);
  const auto given = KLEIN_TRY(arguments(text, open));
  const std::size_t needed = kind == "sliding" ? 2 : 1;
  if ((kind != "tumbling" && kind != "sliding" && kind != "session") || given.size() < needed ||
      given.size() > needed + (kind == "session" ? 0 : 1)) {
    return not_a_window(text);
  }
  Window window{.session = kind == "session", .size = given[0], .slide = given[needed - 1], .offset = 0};
  if (given.size() > needed) window.offset = given[needed];
  if (window.size <= 0 || window.slide <= 0) return Error(Code::invalid, "a window is longer than nothing: " + text);
  if (window.slide > window.size)
    return Error(Code::invalid, "a sliding window is at least as long as it slides, else rows fall between: " + text);
  return window;
}

}  // namespace klein
