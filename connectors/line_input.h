#pragma once
// LineInput — lines from standard input or a TCP connection, which may be silent for long: a thread of its own waits
// for them, so that no task does. What has come waits here in bounded memory; then the sender waits.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "base/waker.h"

namespace klein {

/// `-`, or `tcp://host:port`.
struct LineAddress {
  std::string text, host, port;  // no host: standard input

  static Result<LineAddress> from(const std::string& text);
};

struct LineOptions {
  std::size_t max_line_bytes = 1 << 20;
  std::int64_t reconnect = 0;  // nanoseconds to try for once a connection is lost; 0: its end is the end
};

class LineInput {
 public:
  /// `descriptor`: read in place of standard input; not closed here.
  LineInput(LineAddress address, LineOptions options, int descriptor = 0);
  ~LineInput();
  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;

  struct Taken {
    std::string lines;  // whole ones, each with its line break; none, and not ended: nothing has come
    bool ended = false;
  };
  /// Lines of about so many bytes; never waits. Where there are none, `waker` is woken when there is more to say.
  Result<Taken> take(std::size_t bytes, const Waker& waker);

 private:
  Result<> read_all();
  Result<> read_connections();
  Result<> read_from(int descriptor);
  Result<> add(std::string_view bytes);
  void drop_torn_line();
  /// -1: this is to end.
  Result<int> connect_within(std::int64_t nanoseconds);
  /// Whether `descriptor` has news, of `events`; false: this is to end, or the time is over.
  bool wait_for(int descriptor, short events, std::int64_t nanoseconds) const;

  const LineAddress address_;
  const LineOptions options_;
  const int descriptor_;
  const int stop_;  // an eventfd that says so to the thread
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  Condition changed_;
  std::string waiting_ KLEIN_GUARDED_BY(mutex_);   // bytes that have come
  std::size_t torn_ KLEIN_GUARDED_BY(mutex_) = 0;  // of these at the end, of a line that is not whole
  std::optional<Result<>> ended_ KLEIN_GUARDED_BY(mutex_);
  Waker waker_ KLEIN_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace klein
