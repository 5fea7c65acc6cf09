#include "base/logger.h"

#include <cstdio>
#include <string>

namespace klein {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  return "error";
}

void Logger::log(Level level, std::string_view message) const {
  if (!wants(level)) return;
  if (message.find_first_of("\r\n") == std::string_view::npos) return sink_(level, message);
  std::string line;
  for (const char c : message) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else {
      line += c;
    }
  }
  sink_(level, line);
}

Logger::Sink to_standard_error() {
  return [](Level level, std::string_view line) {
    std::string whole = "klein: ";
    whole.append(to_string(level)).append(": ").append(line).push_back('\n');
    std::fwrite(whole.data(), 1, whole.size(), stderr);  // standard error has no buffer: one call is one write
  };
}

}  // namespace klein
