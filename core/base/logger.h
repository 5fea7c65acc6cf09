#pragma once
// Logger — one line a message, to wherever its owner wants them. Any thread; it holds no lock while the sink runs, so a
// sink is called by several threads at once.

#include <atomic>
#include <functional>
#include <string_view>

namespace klein {

enum class Level { debug, info, warning, error };

std::string_view to_string(Level level);

class Logger {
 public:
  /// Takes a message without its line end; what stands in it as a line end comes as `\n`.
  using Sink = std::function<void(Level level, std::string_view line)>;

  explicit Logger(Sink sink, Level least = Level::info) : sink_(std::move(sink)), least_(least) {}

  /// Messages below `least` are dropped from now on.
  void set_level(Level least) { least_.store(least, std::memory_order_relaxed); }
  /// Worth asking before a message that is costly to make.
  bool wants(Level level) const { return level >= least_.load(std::memory_order_relaxed); }
  void log(Level level, std::string_view message) const;

 private:
  const Sink sink_;
  std::atomic<Level> least_;
};

/// Writes `klein: warning: message` to standard error, each line in one piece.
Logger::Sink to_standard_error();

}  // namespace klein
