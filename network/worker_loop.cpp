#include "network/worker_loop.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "base/clock.h"
#include "network/worker_link.h"

namespace klein {

namespace {

/// The engine holds the other end of the standard input and never writes: when it reads as ended, the engine is gone.
void end_with_the_engine(int input) {
  std::thread([input] {
    std::array<char, 64> bytes;
    while (read(input, bytes.data(), bytes.size()) != 0) {
    }
    _exit(1);
  }).detach();
}

class Loop {
 public:
  Loop(const std::shared_ptr<SharedMemory>& memory, int bell, const WorkerLanguage& language)
      : link_(memory, WorkerLink::Side::worker), bell_(bell), language_(language) {}

  Result<> run() {
    while (true) {
      const auto message = link_.receive();
      if (!message) {
        link_.wait(1000);
        continue;
      }
      switch (static_cast<Say>(message->kind)) {
        case Say::load: KLEIN_TRY(load(*message)); break;
        case Say::rows: KLEIN_TRY(call(*message)); break;
        default: return {};
      }
    }
  }

 private:
  Result<> load(const Message& message) {
    auto made = language_.load(KLEIN_TRY(link_.bytes(message)));
    if (!made.ok()) return say_error(Say::refused, 0, made.error());
    instance_ = *std::move(made);
    say(Say::ready, 0);
    ring();
    return {};
  }

  Result<> call(const Message& message) {
    if (!instance_) return {};  // it was refused: the engine will say stop
    auto& control = link_.control();
    control.since.store(SteadyClock().now());
    control.call.store(message.call);
    auto made = instance_->call(KLEIN_TRY(link_.rows(message)));
    if (getpid() != pid_) end_of_a_fork();
    if (made.ok()) {
      for (const auto& batch : *made) {
        if (batch.rows() > 0) say(Say::made, message.call, KLEIN_TRY(link_.put(batch)));
      }
    }
    control.call.store(0);  // before it is said: then it may be told to stop
    if (!made.ok()) return say_error(Say::failed, message.call, made.error());
    say(Say::done, message.call);
    ring();
    return {};
  }

  [[noreturn]] static void end_of_a_fork() {
    constexpr std::string_view words =
        "a function forked and returned in the child too: the child ends here, the worker goes on\n";
    (void)!write(STDERR_FILENO, words.data(), words.size());
    _exit(0);
  }

  void say(Say what, std::int64_t call, Block block = {}) {
    while (!link_.send(what, call, block)) {  // the engine has much to read: its time comes
      ring();
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }

  Result<> say_error(Say what, std::int64_t call, const Error& error) {
    say(what, call, KLEIN_TRY(link_.put(to_bytes(error, language_.store_cause(error)))));
    ring();
    return {};
  }

  /// Unless it has rung and nobody has looked since.
  void ring() {
    if (link_.control().rung.exchange(1) != 0) return;
    const std::uint64_t once = 1;
    (void)!write(bell_, &once, sizeof once);
  }

  WorkerLink link_;
  const int bell_;
  const WorkerLanguage& language_;
  const int pid_ = getpid();
  std::unique_ptr<FunctionInstance> instance_;
};

}  // namespace

Result<> serve_calls(int memory, int bell, const WorkerLanguage& language) {
  const int input = dup(STDIN_FILENO);
  end_with_the_engine(input);
  const auto mapped = KLEIN_TRY(SharedMemory::map(memory));
  Loop loop(mapped, bell, language);
  return loop.run();
}

}  // namespace klein
