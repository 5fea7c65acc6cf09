#include "network/worker.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/clock.h"
#include "network/worker_watch.h"

namespace klein {

namespace {

constexpr std::int64_t second = 1'000'000'000, grace = 5 * second;  // to end in, once it is told to
constexpr std::size_t most_words = 4096;

std::int64_t now() { return SteadyClock().now(); }

std::string seconds(std::int64_t nanoseconds) {
  auto text = std::to_string(static_cast<double>(nanoseconds) / 1e9);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const auto written = write(to, text.data(), text.size());
    if (written <= 0 && errno != EINTR) return;  // nobody reads: prints are dropped
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Result<std::shared_ptr<Worker>> Worker::start(const Launch& launch, std::string label, Waker waker) {
  auto& watch = WorkerWatch::of_this_process();
  const int bell = KLEIN_TRY(watch.bell());
  auto memory = KLEIN_TRY(WorkerLink::make_memory());
  auto process = KLEIN_TRY(WorkerProcess::start(launch, memory->descriptor(), bell));
  auto worker =
      std::make_shared<Worker>(launch, std::move(label), std::move(waker), std::move(memory), std::move(process));
  watch.add(worker);
  return worker;
}

Worker::Worker(const Launch& launch, std::string label, Waker waker, std::shared_ptr<SharedMemory> memory,
               std::unique_ptr<WorkerProcess> process)
    : launch_(launch),
      label_(std::move(label)),
      memory_(std::move(memory)),
      process_(std::move(process)),
      started_(now()),
      link_(memory_, WorkerLink::Side::engine),
      waker_(std::move(waker)),
      output_{process_->output(), STDOUT_FILENO},
      errors_{process_->errors(), STDERR_FILENO} {}

std::optional<Worker::End> Worker::end() const {
  const Lock lock(mutex_);
  return end_;
}

void Worker::stop() {
  link_.send(Say::stop, 0);
  const Lock lock(mutex_);
  stopped_ = now();
  waker_ = Waker();
  forward(output_, false);
  forward(errors_, false);
  if (link_.control().call.load() != 0) kill_for("was at a call that nobody waits for, and was killed");
}

void Worker::look_at_bell() {
  if (link_.control().rung.exchange(0) == 0) return;
  Waker waker;
  {
    const Lock lock(mutex_);
    waker = waker_;
  }
  waker.wake();
}

void Worker::read_prints() {
  const Lock lock(mutex_);
  forward(output_, false);
  forward(errors_, false);
}

/// Whole lines, each after the label; at the end, what is left.
void Worker::forward(Stream& stream, bool ended) {
  std::array<char, 16384> bytes;
  std::string text;
  for (ssize_t got = 0; (got = read(stream.from, bytes.data(), bytes.size())) > 0;) {
    stream.line.append(bytes.data(), static_cast<std::size_t>(got));
  }
  if (ended && !stream.line.empty()) stream.line += '\n';
  std::size_t begin = 0;
  for (auto end = stream.line.find('\n'); end != std::string::npos; end = stream.line.find('\n', begin)) {
    text += "(" + label_ + ") " + stream.line.substr(begin, end + 1 - begin);
    if (&stream == &errors_) words_ += stream.line.substr(begin, end + 1 - begin);
    begin = end + 1;
  }
  stream.line.erase(0, begin);
  if (words_.size() > most_words) words_.erase(0, words_.size() - most_words);
  write_all(stream.to, text);
}

void Worker::kill_for(std::string reason) {
  if (!killed_for_.empty()) return;
  killed_for_ = std::move(reason);
  process_->kill();
}

void Worker::check(std::int64_t now) {
  const Lock lock(mutex_);
  if (end_) return;
  if (stopped_ != 0) {
    if (now - stopped_ > grace) kill_for("did not end when it was told to, and was killed");
    return;
  }
  if (!ready_ && launch_.start_timeout > 0 && now - started_ > launch_.start_timeout) {
    kill_for("had not made its function after " + seconds(launch_.start_timeout) + ", and was killed");
  }
  check_call(now);
  if (launch_.memory > 0 && process_->memory() > launch_.memory) {
    kill_for("had more than " + std::to_string(launch_.memory >> 20) + " MiB in memory, and was killed");
  }
}

void Worker::check_call(std::int64_t now) {
  if (launch_.timeout == 0) return;
  const auto& control = link_.control();
  const auto call = control.call.load();
  const auto since = control.since.load();
  if (call == 0 || now - since <= launch_.timeout || control.call.load() != call) return;
  kill_for("took longer for a call than " + seconds(launch_.timeout) + ", and was killed");
}

bool Worker::see_end() {
  Waker waker;
  {
    const Lock lock(mutex_);
    const auto how = process_->ended();
    if (!how) return false;
    forward(output_, true);
    forward(errors_, true);
    end_ = End{killed_for_.empty() ? *how : killed_for_, words_, link_.control().call.load()};
    waker = std::move(waker_);
  }
  waker.wake();
  return true;
}

int Worker::patience() const {
  if (launch_.timeout > 0 || launch_.memory > 0) return 20;
  return 1000;
}

}  // namespace klein
