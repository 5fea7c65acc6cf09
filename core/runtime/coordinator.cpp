#include "runtime/coordinator.h"

#include <algorithm>
#include <utility>

namespace klein {

Coordinator::Coordinator(const std::map<std::string, std::vector<Split>>& splits, std::vector<Token> held, bool commits)
    : epochs_(splits, std::move(held), commits) {
  const Lock lock(mutex_);
  for (const auto& [source, list] : splits) {
    splits_[source] = {list.begin(), list.end()};
    all_[source] = static_cast<int>(list.size());
  }
}

void Coordinator::expect(int tasks, std::vector<Waker> on_finished) {
  const Lock lock(mutex_);
  for (int task = 0; task < tasks; ++task) running_.insert(task);
  on_finished_ = std::move(on_finished);
}

void Coordinator::found(const std::string& source, const Found& found) {
  const Lock lock(mutex_);
  epochs_.found(source, found);
  auto& left = splits_[source];
  left.insert(left.end(), found.splits.begin(), found.splits.end());
  all_[source] += static_cast<int>(found.splits.size());
}

std::optional<Split> Coordinator::next_split(const std::string& source, Reader reader) {
  const Lock lock(mutex_);
  auto& left = splits_[source];
  const auto found =
      std::find_if(left.begin(), left.end(), [&](const Split& split) { return may_have(split, reader); });
  if (found == left.end()) return std::nullopt;
  auto split = std::move(*found);
  left.erase(found);
  return split;
}

std::optional<Split> Coordinator::next_share(const std::string& source, Reader reader) {
  {
    const Lock lock(mutex_);
    const auto& left = splits_[source];
    const bool own = goes_on_.load() && std::any_of(left.begin(), left.end(), [&](const Split& split) {
                       return begun(split) && may_have(split, reader);
                     });
    if (!own && reader.held >= (all_[source] + reader.tasks - 1) / reader.tasks) return std::nullopt;
  }
  return next_split(source, reader);
}

bool Coordinator::has_splits(const std::string& source, Reader reader) const {
  const Lock lock(mutex_);
  const auto found = splits_.find(source);
  return found != splits_.end() && std::any_of(found->second.begin(), found->second.end(), [&](const Split& split) {
           return may_have(split, reader);
         });
}

void Coordinator::finished(int task, Epoch epoch, TaskSnapshot last) {
  std::vector<Waker> wakers;
  {
    const Lock lock(mutex_);
    epochs_.gone(task, epoch, std::move(last));
    running_.erase(task);
    wakers = on_finished_;
  }
  for (const auto& waker : wakers) waker.wake();
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
  return static_cast<int>(running_.size());
}

std::optional<Error> Coordinator::take_error() {
  const Lock lock(mutex_);
  return std::exchange(error_, std::nullopt);
}

void Coordinator::begin(Epoch epoch) {
  const Lock lock(mutex_);
  epochs_.begin(epoch, running_);
}

void Coordinator::stored(int task, Epoch epoch, StoredSnapshot snapshot) {
  const Lock lock(mutex_);
  epochs_.stored(task, epoch, std::move(snapshot));
}

void Coordinator::write_failed() {
  const Lock lock(mutex_);
  epochs_.write_failed();
}

Verdict Coordinator::verdict() const {
  const Lock lock(mutex_);
  return epochs_.verdict(!stopping());
}

Manifest Coordinator::manifest() const {
  const Lock lock(mutex_);
  return epochs_.manifest();
}

void Coordinator::sealed() {
  const Lock lock(mutex_);
  epochs_.sealed();
}

void Coordinator::discarded() {
  const Lock lock(mutex_);
  epochs_.discarded();
}

std::vector<Token> Coordinator::tokens() const {
  const Lock lock(mutex_);
  return epochs_.tokens();
}

namespace {

template <typename Action>
Result<> for_each_token(const Registry& registry, Store* store, const std::vector<Token>& tokens, Action action) {
  for (const auto& token : tokens) {
    const auto* kind = registry.find_sink(token.sink_kind);
    if (!kind || !kind->committer) {
      return Error(Code::invalid, "there is no sink '" + token.sink_kind + "' that commits").at_step(token.step);
    }
    const auto committer = KLEIN_TRY(kind->committer(store));
    auto acted = action(*committer, token.bytes);
    if (!acted.ok()) return std::move(acted).error().at_step(token.step);
  }
  return {};
}

}  // namespace

Result<> commit(const Registry& registry, Store* store, Epoch epoch, const std::vector<Token>& tokens) {
  return for_each_token(
      registry, store, tokens, [&](Committer& committer, BytesView bytes) { return committer.commit(epoch, bytes); });
}

Result<> abort(const Registry& registry, Store* store, Epoch epoch, const std::vector<Token>& tokens) {
  return for_each_token(
      registry, store, tokens, [&](Committer& committer, BytesView bytes) { return committer.abort(epoch, bytes); });
}

Result<> clear(const Registry& registry, Store* store, const std::vector<Token>& residues) {
  return for_each_token(
      registry, store, residues, [](Committer& committer, BytesView bytes) { return committer.clear(bytes); });
}

}  // namespace klein
