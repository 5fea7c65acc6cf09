#include "network/worker_calls.h"

#include <algorithm>

namespace klein {

namespace {

constexpr std::size_t most_given = 4;  // under way at a time: the worker has its next call while the last one travels
constexpr std::int64_t most_bytes = 32 << 20;
constexpr int most_failed_starts = 3;

std::int64_t now() { return SteadyClock().now(); }

/// What the worker made of `input`, whose rows it knows by their places.
Batch with_origin(const Batch& input, const Batch& made) {
  const auto& header = made.header();
  if (header.index) return input.derive(made.columns(), *header.index);
  return input.slice(header.row, made.rows()).with(made.columns());
}

bool fits(const Batch& input, const Batch& made) {
  const auto& header = made.header();
  const auto known = [&](std::int64_t row) { return row >= 0 && row < input.rows(); };
  if (header.index) return std::all_of(header.index->begin(), header.index->end(), known);
  return made.rows() == 0 || (known(header.row) && known(header.row + made.rows() - 1));
}

}  // namespace

WorkerCalls::~WorkerCalls() {
  if (worker_) worker_->stop();
}

Result<> WorkerCalls::open(const Context& context) {
  context_ = &context;
  return start();
}

Result<> WorkerCalls::start() {
  ready_ = false;
  calls_ = 0;
  started_ = now();
  worker_ = KLEIN_TRY(Worker::start(launch_, context_->step, context_->waker));
  worker_->link().send(Say::load, 0, KLEIN_TRY(worker_->link().put(function_)));
  return {};
}

bool WorkerCalls::served() const {
  return (launch_.max_calls > 0 && calls_ >= launch_.max_calls) ||
         (launch_.lifetime > 0 && now() - started_ > launch_.lifetime);
}

bool WorkerCalls::has_room() const {
  return given_.size() < most_given && (given_.empty() || bytes_ < most_bytes) && !served();
}

Result<> WorkerCalls::give(std::int64_t call, const Batch& batch) {
  const auto block = KLEIN_TRY(worker_->link().put(Batch(batch.columns())));  // there, rows are known by their places
  KLEIN_ASSERT(worker_->link().send(Say::rows, call, block));
  if (given_.empty()) answered_ = now();
  bytes_ += batch.bytes();
  ++calls_;
  given_.push_back({call, batch});
  return {};
}

Result<std::vector<RemoteCalls::Answer>> WorkerCalls::answers() {
  std::vector<Answer> answers;
  const auto end = worker_->end();  // asked first: what it said before is in the ring then
  while (const auto message = worker_->link().receive()) KLEIN_TRY(hear(*message, answers));
  if (end) {
    KLEIN_TRY(replace(*end, answers));
  } else if (given_.empty() && ready_ && served()) {
    worker_->stop();
    KLEIN_TRY(start());
  }
  return answers;
}

Result<> WorkerCalls::hear(const Message& message, std::vector<Answer>& answers) {
  const bool known = message.call == 0 || (!given_.empty() && given_.front().call == message.call);
  if (!known) return Error(Code::internal, "a worker process answered what it was not asked");
  switch (static_cast<Say>(message.kind)) {
    case Say::ready:
      ready_ = true;
      failed_starts_ = 0;
      worker_->is_ready();
      return {};
    case Say::refused: return revived(message);
    case Say::made: return take_made(message);
    case Say::failed: return take_error(message, answers);
    case Say::done: answers.push_back(over()); return {};
    default: return Error(Code::internal, "a worker process said what it never says");
  }
}

Result<> WorkerCalls::take_made(const Message& message) {
  auto made = KLEIN_TRY(worker_->link().rows(message));
  if (!fits(given_.front().batch, made)) return Error(Code::internal, "a worker process sent rows of no row");
  given_.front().made.push_back(with_origin(given_.front().batch, made));
  return {};
}

Result<> WorkerCalls::take_error(const Message& message, std::vector<Answer>& answers) {
  auto error = revived(message);
  if (!error.row().empty()) {  // a place in the call's rows
    const auto row = std::strtoll(error.row().c_str(), nullptr, 10);
    auto named = Error(error.code(), error.message()).because(error.cause());
    if (row >= 0 && row < given_.front().batch.rows())
      named = std::move(named).at_row(given_.front().batch.row_id(row));
    error = std::move(named);
  }
  answers.push_back(over());
  answers.back().made.clear();
  answers.back().error = std::move(error);
  return {};
}

RemoteCalls::Answer WorkerCalls::over() {
  auto given = std::move(given_.front());
  given_.pop_front();
  bytes_ -= given.batch.bytes();
  const auto before = std::exchange(answered_, now());
  return {.call = given.call, .made = std::move(given.made), .took = answered_ - before};
}

Error WorkerCalls::revived(const Message& message) {
  auto bytes = worker_->link().bytes(message);
  if (!bytes.ok()) return std::move(bytes).error();
  auto sent = error_from(*bytes);
  if (!sent.ok()) return std::move(sent).error();
  if (sent->cause.empty() || !revive_) return std::move(sent->error);
  return std::move(sent->error).because(revive_(sent->cause));
}

Error WorkerCalls::died(const Worker::End& end) const {
  auto words = end.words;
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return Error(Code::user, "the worker process of this step " + end.how +
                               (words.empty() ? "" : "; the last that it printed as an error: " + words));
}

/// Another one begins, and the calls of the dead one are said to be lost.
Result<> WorkerCalls::replace(const Worker::End& end, std::vector<Answer>& answers) {
  if (!ready_ && ++failed_starts_ >= most_failed_starts) {
    return died(end).while_doing("it can't be started, the last of " + std::to_string(failed_starts_) + " times");
  }
  for (auto& given : given_) {
    answers.push_back(
        {.call = given.call, .error = died(end), .lost = true, .begun = ready_ && given.call == end.call});
  }
  given_.clear();
  bytes_ = 0;
  return start();
}

}  // namespace klein
