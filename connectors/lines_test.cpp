#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mutex.h"
#include "connectors/line_input.h"
#include "connectors/source_suite.h"
#include "op/json_rows.h"

namespace klein {
void register_lines(Registry& registry);

namespace {

/// Waits until it is woken.
class Bell final : public Wakeable {
 public:
  void wake() override {
    const Lock lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  void wait() {
    const Lock lock(mutex_);
    while (!rung_) changed_.wait(mutex_);
    rung_ = false;
  }

 private:
  Mutex mutex_;
  Condition changed_;
  bool rung_ = false;
};

/// A server on a port of its own that takes one connection at a time.
class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) { listen(); }
  ~Server() {
    hang_up();
    ::close(listener_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  std::string address() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  void accept() { connection_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); }
  void send(std::string_view text) const {
    while (!text.empty()) {
      const auto count = ::send(connection_, text.data(), text.size(), MSG_NOSIGNAL);
      ASSERT_GT(count, 0);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void hang_up() {
    if (connection_ >= 0) ::close(std::exchange(connection_, -1));
  }

 private:
  void listen() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    any.sin_port = 0;
    socklen_t size = sizeof any;
    auto* address = reinterpret_cast<sockaddr*>(&any);
    EXPECT_EQ(::bind(listener_, address, size), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
    EXPECT_EQ(::getsockname(listener_, address, &size), 0);
    port_ = ntohs(any.sin_port);
  }
  const int listener_;
  int connection_ = -1;
  std::uint16_t port_ = 0;
};

/// A source's one reader, and what it gives, waited for.
class Reading {
 public:
  explicit Reading(const Value::Map& given) : source_(*make_source(register_lines, "read_lines", given)) {
    context_.waker = Waker(bell_);
    reader_ = *source_->open(source_->splits()->front(), {});
  }
  Result<Pulled> next() {
    while (true) {
      auto pulled = reader_->pull(context_);
      if (!pulled.ok() || pulled->what != Pulled::What::nothing_yet) return pulled;
      bell_->wait();
    }
  }
  /// So many rows, as JSON.
  std::string rows(std::int64_t count) {
    std::string all;
    for (std::int64_t got = 0; got < count;) {
      const auto pulled = next();
      EXPECT_TRUE(pulled.ok() && pulled->batch);
      if (!pulled.ok() || !pulled->batch) return all;
      got += pulled->batch->rows();
      const auto texts = rows_to_json({*pulled->batch});
      for (const auto& row : *texts) all += row;
    }
    return all;
  }

 private:
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  Context context_;
  const std::unique_ptr<Source> source_;
  std::unique_ptr<SplitReader> reader_;
};

TEST(ReadLines, lines_come_whole_however_they_are_sent) {
  Server server;
  Reading reading({{"address", server.address()}, {"reconnect", "0s"}});
  server.accept();
  server.send("one\r\ntw");
  EXPECT_EQ(reading.rows(1), R"({"line":"one"})");
  server.send("o\n\nthree");
  EXPECT_EQ(reading.rows(2), R"({"line":"two"}{"line":""})");
  server.hang_up();
  EXPECT_EQ(reading.rows(1), R"({"line":"three"})");
  EXPECT_EQ(reading.next()->what, Pulled::What::end);
}

TEST(ReadLines, a_lost_connection_is_made_again_and_a_torn_line_is_dropped) {
  Server server;
  Reading reading({{"address", server.address()}});
  server.accept();
  server.send("one\nto");
  EXPECT_EQ(reading.rows(1), R"({"line":"one"})");
  server.hang_up();
  server.accept();
  server.send("two\n");
  EXPECT_EQ(reading.rows(1), R"({"line":"two"})");
}

TEST(ReadLines, a_server_that_is_not_there_is_an_error_at_once) {
  std::string address;
  {
    const Server gone;
    address = gone.address();
  }
  Reading reading({{"address", address}});
  const auto refused = reading.next();
  EXPECT_EQ(refused.error().code(), Code::unavailable);
  EXPECT_EQ(refused.error().message(), "cannot connect to " + address + ": Connection refused; start what sends the " +
                                           "lines first, or give its address");
}

TEST(ReadLines, a_line_that_is_not_utf8_is_an_error_that_names_it_or_bytes) {
  Server server;
  Reading text({{"address", server.address()}});
  server.accept();
  server.send("good\nb\xff\n");
  Result<Pulled> failed = text.next();
  if (failed.ok()) failed = text.next();  // the two lines may have come one by one
  EXPECT_EQ(failed.error().row(), server.address() + ":1");
}

TEST(ReadLines, bytes_may_be_any) {
  Server server;
  Reading bytes({{"address", server.address()}, {"binary", true}});
  server.accept();
  server.send("b\xff\n");
  const auto pulled = bytes.next();
  ASSERT_TRUE(pulled.ok());
  EXPECT_EQ(pulled->batch->schema().text(), "line: binary");
}

TEST(ReadLines, a_line_that_does_not_end_is_an_error) {
  Server server;
  Reading reading({{"address", server.address()}, {"max_line_bytes", 1000}});
  server.accept();
  server.send(std::string(2000, 'x'));
  EXPECT_EQ(reading.next().error().code(), Code::resource);
}

TEST(ReadLines, many_lines_wait_in_bounded_memory_and_none_is_lost) {
  Server server;
  Reading reading({{"address", server.address()}, {"reconnect", "0s"}});
  server.accept();
  std::thread sender([&] {
    for (int i = 0; i < 2000; ++i) server.send(std::string(10'000, 'x') + "\n");
    server.hang_up();
  });
  std::int64_t rows = 0;
  while (true) {
    const auto pulled = reading.next();
    ASSERT_TRUE(pulled.ok());
    if (pulled->what == Pulled::What::end) break;
    EXPECT_EQ(pulled->batch->row_number(0), rows);
    rows += pulled->batch->rows();
  }
  sender.join();
  EXPECT_EQ(rows, 2000);
}

TEST(ReadLines, a_reader_that_goes_away_waits_for_nobody) {
  const Server silent;
  const Reading reading({{"address", silent.address()}});
}

TEST(ReadLines, addresses_are_standard_input_or_a_host_and_a_port) {
  EXPECT_EQ(LineAddress::from("tcp://[::1]:80")->host, "::1");
  for (const char* wrong : {"", "--", "tcp://", "tcp://host", "tcp://:80", "tcp://host:x", "tcp://host:99999", "80"})
    EXPECT_FALSE(LineAddress::from(wrong).ok()) << wrong;
  EXPECT_FALSE(make_source(register_lines, "read_lines", {{"reconnect", "soon"}}).ok());
  EXPECT_FALSE(make_source(register_lines, "read_lines", {{"max_line_bytes", 0}}).ok());
}

TEST(ReadLines, standard_input_has_one_reader_at_a_time) {
  const auto source = *make_source(register_lines, "read_lines", {});
  const auto split = source->splits()->front();
  {
    const auto first = source->open(split, {});
    ASSERT_TRUE(first.ok());
    EXPECT_NE(source->open(split, {}).error().message().find("is read by another"), std::string::npos);
  }
  EXPECT_TRUE(source->open(split, {}).ok());
}

}  // namespace
}  // namespace klein
