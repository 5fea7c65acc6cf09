#include "connectors/line_input.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "connectors/paths.h"

namespace klein {

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t first_connection = 4 * second, pause = second / 5, forever = -1;
constexpr std::size_t most_waiting = 4 << 20, read_bytes = 64 << 10;

std::int64_t steady_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Error cannot_connect(const LineAddress& address, const std::string& why) {
  return Error(Code::unavailable, "cannot connect to " + address.text + ": " + why +
                                      "; start what sends the lines first, or give its address");
}

/// A socket that is closed unless it is released.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<Addresses> resolve(const LineAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (failed != 0) return cannot_connect(address, gai_strerror(failed));
  return Addresses(found, freeaddrinfo);
}

}  // namespace

Result<LineAddress> LineAddress::from(const std::string& text) {
  if (text == "-") return LineAddress{text, "", ""};
  static constexpr std::string_view scheme = "tcp://";
  const auto colon = text.rfind(':');
  if (text.starts_with(scheme) && colon >= scheme.size()) {
    auto host = text.substr(scheme.size(), colon - scheme.size());
    auto port = text.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    const bool number = !port.empty() && port.size() < 6 && port.find_first_not_of("0123456789") == std::string::npos;
    if (!host.empty() && number && std::stoi(port) < 65536) return LineAddress{text, host, port};
  }
  return Error(Code::invalid, "lines come from \"-\", standard input, or from \"tcp://host:port\", not from " + text);
}

LineInput::LineInput(LineAddress address, LineOptions options, int descriptor)
    : address_(std::move(address)),
      options_(options),
      descriptor_(descriptor),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  KLEIN_ASSERT(stop_ >= 0);
  thread_ = std::thread([this] {
    auto ended = read_all();
    Waker waker;
    {
      const Lock lock(mutex_);
      ended_ = std::move(ended);
      waker = std::exchange(waker_, {});
    }
    waker.wake();
  });
}

LineInput::~LineInput() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  const std::uint64_t one = 1;
  KLEIN_ASSERT(::write(stop_, &one, sizeof one) == sizeof one);
  thread_.join();
  ::close(stop_);
}

Result<LineInput::Taken> LineInput::take(std::size_t bytes, const Waker& waker) {
  const Lock lock(mutex_);
  const auto whole = waiting_.size() - torn_;
  if (whole > 0) {
    auto end = whole;
    if (bytes < whole) {
      const auto last = waiting_.rfind('\n', bytes);
      end = (last == std::string::npos ? waiting_.find('\n') : last) + 1;
    }
    Taken taken{waiting_.substr(0, end)};
    waiting_.erase(0, end);
    changed_.notify_all();
    return taken;
  }
  if (!ended_) {
    waker_ = waker;
    return Taken{};
  }
  if (!ended_->ok()) return ended_->error();
  if (torn_ == 0) return Taken{"", true};
  torn_ = 0;  // the last line has no line break
  return Taken{std::exchange(waiting_, {}) + '\n'};
}

Result<> LineInput::read_all() {
  if (!address_.host.empty()) return read_connections();
  return read_from(descriptor_);
}

Result<> LineInput::read_connections() {
  auto time = first_connection;
  while (true) {
    const Socket connection(KLEIN_TRY(connect_within(time)));
    if (connection.get() < 0) return {};
    auto lost = read_from(connection.get());
    // A lost connection is gone on from, but not a line that is too long.
    if (!lost.ok() && lost.error().code() != Code::io) return lost;
    if (stopping_ || options_.reconnect == 0) return lost;
    drop_torn_line();
    if (!wait_for(-1, 0, pause) && stopping_) return {};
    time = options_.reconnect;
  }
}

Result<int> LineInput::connect_within(std::int64_t nanoseconds) {
  const auto until = steady_now() + nanoseconds;
  const bool again = nanoseconds != first_connection;
  while (true) {
    std::string why = "it has no address";
    const auto all = KLEIN_TRY(resolve(address_));
    for (const auto* each = all.get(); each; each = each->ai_next) {
      Socket made(::socket(each->ai_family, each->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, each->ai_protocol));
      if (made.get() < 0) continue;
      int failed = ::connect(made.get(), each->ai_addr, each->ai_addrlen) == 0 ? 0 : errno;
      if (failed == EINPROGRESS) {
        failed = ETIMEDOUT;
        socklen_t size = sizeof failed;
        if (wait_for(made.get(), POLLOUT, std::max<std::int64_t>(0, until - steady_now())))
          ::getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
      }
      if (stopping_) return -1;
      if (failed == 0) return made.release();
      why = std::strerror(failed);
    }
    if (!again) return cannot_connect(address_, why);
    if (steady_now() + pause >= until) return cannot_connect(address_, "the connection was lost, and now: " + why);
    if (!wait_for(-1, 0, pause) && stopping_) return -1;
  }
}

bool LineInput::wait_for(int descriptor, short events, std::int64_t nanoseconds) const {
  std::array<pollfd, 2> both{{{stop_, POLLIN, 0}, {descriptor, events, 0}}};
  const auto until = steady_now() + nanoseconds;
  while (!stopping_) {
    const auto left = nanoseconds == forever ? -1 : std::max<std::int64_t>(0, until - steady_now()) / 1'000'000;
    const int ready = ::poll(both.data(), both.size(), static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0 && both[0].revents == 0;
  }
  return false;
}

Result<> LineInput::read_from(int descriptor) {
  std::string bytes(read_bytes, '\0');
  while (wait_for(descriptor, POLLIN, forever)) {
    const auto count = ::read(descriptor, bytes.data(), bytes.size());
    if (count == 0) return {};
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return system_error("read lines from", address_.text);
    KLEIN_TRY(add({bytes.data(), static_cast<std::size_t>(count)}));
  }
  return {};
}

Result<> LineInput::add(std::string_view bytes) {
  Waker waker;
  {
    const Lock lock(mutex_);
    while (!stopping_ && waiting_.size() >= std::max(most_waiting, options_.max_line_bytes + read_bytes))
      changed_.wait(mutex_);
    const auto last = bytes.rfind('\n');
    torn_ = last == std::string_view::npos ? torn_ + bytes.size() : bytes.size() - last - 1;
    waiting_ += bytes;
    if (torn_ > options_.max_line_bytes) {
      torn_ = 0;
      waiting_.clear();
      return Error(
          Code::resource, "a line from " + address_.text + " is longer than max_line_bytes, " +
                              std::to_string(options_.max_line_bytes) + "; what comes may be no text of lines");
    }
    if (last != std::string_view::npos) waker = std::exchange(waker_, {});
  }
  waker.wake();
  return {};
}

void LineInput::drop_torn_line() {
  const Lock lock(mutex_);
  waiting_.resize(waiting_.size() - std::exchange(torn_, 0));
}

}  // namespace klein
