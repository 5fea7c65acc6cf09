#include "runtime/snapshots.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/node.h"

namespace klein {

namespace {
constexpr std::int64_t overtake_after = 10'000'000;  // nanoseconds from an epoch's begin
constexpr std::int64_t try_again_after = 100'000'000;
constexpr std::int64_t stored_together = 20'000'000;  // for so long what tasks gave is stored without a break
}  // namespace

Snapshots::Snapshots(Checkpoint& checkpoint, Coordinator& coordinator, const Registry& registry, SnapshotPace pace)
    : checkpoint_(checkpoint),
      coordinator_(coordinator),
      registry_(registry),
      storing_(checkpoint),
      interval_(pace.interval),
      timeout_(pace.timeout),
      retention_(pace.retention) {}

void Snapshots::set_pace(SnapshotPace pace) {
  interval_ = pace.interval;
  timeout_ = pace.timeout;
  retention_ = pace.retention;
  self_.wake();
}

SnapshotPace Snapshots::pace() const { return {interval_, timeout_, retention_}; }

void Snapshots::begin(Node& node, Executor& executor, Waker self) {
  const Lock lock(mutex_);
  node_ = &node;
  executor_ = &executor;
  self_ = std::move(self);
  begun_ = executor.clock().now();
  self_.wake();
}

Turn Snapshots::run(int) {
  const Lock lock(mutex_);
  if (coordinator_.tasks_running() == 0 || coordinator_.stopping()) return Turn::wait;  // `conclude` has the rest
  const auto now = executor_->clock().now();
  if (timer_ <= now) timer_ = 0;
  if (undecided_) discard();
  if (coordinator_.stopping()) return Turn::wait;  // it was sealed after all, and the job was to stop behind it
  if (!open_ && due(now)) begin_epoch(now);
  try_again_ = false;
  if (open_ && !undecided_) {
    node_->ask(*open_, now >= begun_ + overtake_after);
    collect();
    store_some(now + stored_together);
    decide();
  }
  if (open_ && !undecided_) give_up_overdue(now);
  sleep(now);
  return open_ && !storing_.empty() ? Turn::again : Turn::wait;
}

void Snapshots::sleep(std::int64_t now) {
  if (undecided_ || try_again_) {
    sleep_until(now + try_again_after);
  } else if (!open_ && requested_) {
    self_.wake();  // somebody asked while one was open
  } else if (open_) {
    if (now < begun_ + overtake_after) sleep_until(begun_ + overtake_after);
    if (timeout_ > 0 && !then_stop_) sleep_until(begun_ + timeout_);
  } else if (interval_ > 0) {
    sleep_until(begun_ + interval_);
  }
}

/// A task that does not answer holds back no more than this epoch: what it read and staged is part of the next one.
void Snapshots::give_up_overdue(std::int64_t now) {
  if (timeout_ == 0 || now < begun_ + timeout_) return;
  if (then_stop_) return;  // the last one has the time that it takes, or the job would never stop
  note_failure("not every task had answered after " + std::to_string(timeout_ / 1'000'000) + " ms, the timeout");
  discard();
}

void Snapshots::note_failure(std::string why) {
  const Lock lock(stats_mutex_);
  stats_.failure = std::move(why);
}

bool Snapshots::due(std::int64_t now) const { return requested_ || (interval_ > 0 && now >= begun_ + interval_); }

void Snapshots::sleep_until(std::int64_t time) {
  if (timer_ != 0 && timer_ <= time) return;
  timer_ = time;
  executor_->timers().wake_at(time, self_);
}

void Snapshots::begin_epoch(std::int64_t now) {
  open_ = checkpoint_.next_epoch();
  requested_ = false;
  begun_ = now;
  coordinator_.begin(*open_);
}

void Snapshots::collect() {
  for (auto& [task, epoch, snapshot] : node_->take_snapshots(*open_)) storing_.add(task, epoch, std::move(snapshot));
}

/// For a while: barriers that overtake, and whoever asks for a snapshot, wait for this thread, too.
void Snapshots::store_some(std::int64_t until) {
  while (!storing_.empty()) {
    auto done = storing_.some(*open_);
    if (!done.ok()) {
      note_failure(done.error().text());
      coordinator_.write_failed();
    } else if (auto& stored = *done) {
      coordinator_.stored(stored->task, stored->epoch, std::move(stored->snapshot));
    }
    if (executor_->clock().now() >= until) return;
  }
}

void Snapshots::decide() {
  switch (coordinator_.verdict()) {
    case Verdict::seal: seal(); return;
    case Verdict::discard: discard(); return;
    case Verdict::wait:
    case Verdict::commit:
    case Verdict::done: return;
  }
}

void Snapshots::seal() {
  auto manifest = coordinator_.manifest();
  manifest.steps = node_->steps();
  tried_to_seal_ = true;
  auto sealed = checkpoint_.seal(manifest);
  if (sealed.ok()) return settle(manifest);
  note_failure(sealed.error().text());
  undecided_ = std::move(manifest);
  discard();
}

/// The tombstone decides whether an epoch is given up; where the manifest came first, it is sealed.
void Snapshots::discard() {
  auto discarded = checkpoint_.discard(*open_);
  if (!discarded.ok()) {
    note_failure(discarded.error().text());
    if (!undecided_) undecided_ = Manifest{.epoch = *open_};
    return;
  }
  const auto manifest = std::exchange(undecided_, std::nullopt);
  if (!*discarded && manifest) return settle(*manifest);
  for (auto& [task, epoch, snapshot] : storing_.give_up()) coordinator_.stored(task, epoch, std::move(snapshot));
  coordinator_.discarded();
  open_.reset();
  {
    const Lock lock(stats_mutex_);
    ++stats_.given_up;
  }
  try_again_ = then_stop_;
  if (try_again_) requested_ = true;
}

void Snapshots::settle(const Manifest& manifest) {
  coordinator_.sealed();
  node_->sealed(manifest.splits);
  open_.reset();
  count(manifest);
  auto done = commit_sealed(manifest);
  const bool done_well = done.ok();
  commit_failed_ = !done_well;
  if (!done_well) coordinator_.failed(std::move(done).error());
  if (!done_well) node_->start();  // so that each sees it
  if (!then_stop_) return;
  stopped_whole_ = manifest.commits && done_well;
  node_->stop();
}

void Snapshots::count(const Manifest& manifest) {
  std::int64_t bytes = 0;
  const auto add = [&](const std::map<std::string, std::vector<StoredBatches>>& by_name) {
    for (const auto& [name, all] : by_name) {
      for (const auto& stored : all) bytes += stored.bytes;
    }
  };
  add(manifest.in_flight);
  for (const auto& [step, by_name] : manifest.tables) add(by_name);
  const auto now = executor_->clock().now();
  const Lock lock(stats_mutex_);
  ++stats_.sealed;
  stats_.epoch = manifest.epoch.value;
  stats_.sealed_at = now;
  stats_.seconds = static_cast<double>(now - begun_) / 1e9;
  stats_.bytes = bytes;
  stats_.largest_bytes = std::max(stats_.largest_bytes, bytes);
  stats_.longest_seconds = std::max(stats_.longest_seconds, stats_.seconds);
}

Result<> Snapshots::commit_sealed(const Manifest& manifest) {
  if (manifest.commits) {
    KLEIN_TRY(commit(registry_, checkpoint_.store(), manifest.epoch, manifest.tokens));
    // Not fatal where they fail: a token that is committed again does nothing, and what is old only takes room.
    (void)checkpoint_.mark_committed(manifest.epoch);
  }
  (void)checkpoint_.forget_old(manifest.epoch, retention_);
  return {};
}

void Snapshots::request() {
  requested_ = true;
  self_.wake();
}

void Snapshots::stop_after_next() {
  then_stop_ = true;
  request();
}

Result<> Snapshots::conclude(bool finished) {
  const Lock lock(mutex_);
  if (!finished) return {};  // whoever goes on decides about an open epoch
  if (open_) discard();
  if (open_) return Error(Code::io, "the last snapshot can't be stored, so nothing is committed: " + stats().failure);
  // It was sealed after all. A later epoch that is committed would say that this one is, and its rows would be lost.
  if (commit_failed_) return Error(Code::io, "what the last snapshot holds can't be committed; the next run does it");
  const auto epoch = checkpoint_.next_epoch();
  open_ = epoch;
  begun_ = executor_->clock().now();
  coordinator_.begin(epoch);
  collect();  // what tasks have left of epochs that were given up
  store_some(std::numeric_limits<std::int64_t>::max());
  auto manifest = coordinator_.manifest();
  manifest.steps = node_->steps();
  manifest.splits.clear();
  manifest.finished = manifest.commits = true;
  tried_to_seal_ = true;
  auto sealed = checkpoint_.seal(manifest);
  if (!sealed.ok() && KLEIN_TRY(checkpoint_.discard(epoch))) {
    return std::move(sealed).error().while_doing("the last snapshot can't be stored, so nothing is committed");
  }
  coordinator_.sealed();
  open_.reset();
  count(manifest);
  KLEIN_TRY(commit_sealed(manifest));
  return {};
}

bool Snapshots::stopped_whole() const {
  const Lock lock(mutex_);
  return stopped_whole_ && !open_;
}

bool Snapshots::may_hold() const {
  const Lock lock(mutex_);
  return tried_to_seal_;
}

SnapshotStats Snapshots::stats() const {
  const Lock lock(stats_mutex_);
  return stats_;
}

}  // namespace klein
