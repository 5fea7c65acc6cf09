#pragma once
// A sink for simulated jobs that stages rows in the world and shows them at the commit.

#include "tests/sim/world_test.h"

namespace klein::sim {

/// Stages rows under tokens; slow to write and to prepare, now and then.
class StagingWriter final : public Writer {
 public:
  StagingWriter(int attempt, int task) : name_(std::to_string(attempt) + "." + std::to_string(task) + ".") {}
  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> write(Batch batch) override {
    const std::scoped_lock lock(world->mutex);
    world->maybe_die();
    for (const auto id : ids_of(batch)) rows_.push_back(id);
    return wait() ? Progress::pending : Progress::done;
  }
  Result<Progress> resume() override { return Progress::done; }
  Result<std::optional<Bytes>> prepare(Epoch epoch) override {
    const std::scoped_lock lock(world->mutex);
    world->maybe_die();
    EXPECT_GT(epoch, last_);
    if (wait()) return std::optional<Bytes>();
    last_ = epoch;
    if (rows_.empty()) return std::optional(Bytes{});
    const auto token = name_ + std::to_string(world->number++);
    world->staged[token] = std::exchange(rows_, {});
    return std::optional(token);
  }

 private:
  bool wait() {
    if (!world->random.chance(20)) return false;
    context_->timers->wake_at(context_->clock->now() + 5'000'000, context_->waker);
    return true;
  }
  const std::string name_;
  const Context* context_ = nullptr;
  std::vector<std::int64_t> rows_;
  Epoch last_;
};

class StagingSink final : public Sink {
 public:
  Result<std::unique_ptr<Writer>> open(int task, const std::optional<Schema>&) const override {
    return std::make_unique<StagingWriter>(world->attempt, task);
  }
  Result<> discard() const override {
    drop(residue());
    return {};
  }
  Bytes residue() const override { return std::to_string(world->attempt) + "."; }
  static void drop(BytesView prefix) {
    const std::scoped_lock lock(world->mutex);
    std::erase_if(world->staged, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  }
};

class StagingCommitter final : public Committer {
 public:
  Result<> commit(Epoch, BytesView token) override {
    const std::scoped_lock lock(world->mutex);
    const std::string name(token);
    if (world->committed.contains(name)) return {};
    const auto rows = world->staged.find(name);
    if (rows == world->staged.end()) return Error(Code::corrupt, "what was staged is gone: " + name);
    world->visible.insert(world->visible.end(), rows->second.begin(), rows->second.end());
    world->committed.insert(name);
    world->staged.erase(rows);
    return {};
  }
  Result<> abort(Epoch, BytesView token) override {
    const std::scoped_lock lock(world->mutex);
    world->staged.erase(std::string(token));
    return {};
  }
  Result<> clear(BytesView residue) override {
    StagingSink::drop(residue);
    return {};
  }
};

inline SinkKind staging_sink_kind() {
  return {
      .name = "sim_sink",
      .doc = "",
      .make = [](const Params&) -> Result<std::unique_ptr<Sink>> { return std::make_unique<StagingSink>(); },
      .committer = [](Store*) -> Result<std::unique_ptr<Committer>> { return std::make_unique<StagingCommitter>(); }};
}

}  // namespace klein::sim
