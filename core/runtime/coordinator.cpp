#include "runtime/coordinator.h"

#include <utility>

namespace klein {

namespace {
constexpr Epoch only_epoch{1};  // a job without snapshots has one epoch, its whole life
}

Coordinator::Coordinator(const std::map<int, std::vector<Split>>& splits) {
  const Lock lock(mutex_);
  for (const auto& [step, list] : splits) splits_[step] = {list.begin(), list.end()};
}

void Coordinator::expect(int tasks, Waker on_all_finished) {
  const Lock lock(mutex_);
  running_ = tasks;
  on_all_finished_ = std::move(on_all_finished);
}

std::optional<Split> Coordinator::next_split(int step) {
  const Lock lock(mutex_);
  auto& left = splits_[step];
  if (left.empty()) return std::nullopt;
  auto split = std::move(left.front());
  left.pop_front();
  return split;
}

void Coordinator::finished(std::vector<Token> tokens) {
  Waker waker;
  {
    const Lock lock(mutex_);
    for (auto& token : tokens) tokens_.push_back(std::move(token));
    if (--running_ > 0) return;
    waker = on_all_finished_;
  }
  waker.wake();
}

void Coordinator::failed(Error error) {
  {
    const Lock lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  stopping_.store(true);
}

void Coordinator::stop() {
  stopped_.store(true);
  stopping_.store(true);
}

int Coordinator::tasks_running() const {
  const Lock lock(mutex_);
  return running_;
}

Result<> Coordinator::conclude(const Registry& registry, const std::vector<const Sink*>& sinks) {
  std::vector<Token> tokens;
  std::optional<Error> error;
  {
    const Lock lock(mutex_);
    KLEIN_ASSERT(running_ == 0);
    tokens = std::move(tokens_);
    error = std::exchange(error_, std::nullopt);
  }
  if (!stopping_.load()) {
    for (const auto& token : tokens) {
      const auto* kind = registry.find_sink(token.sink_kind);
      const auto committer = KLEIN_TRY(kind->committer());
      KLEIN_TRY(committer->commit(only_epoch, token.bytes));
    }
    return {};
  }
  for (const auto* sink : sinks) {
    auto discarded = sink->discard();
    if (!discarded.ok() && !error) error = std::move(discarded).error();
  }
  if (error) return *std::move(error);
  return {};
}

}  // namespace klein
