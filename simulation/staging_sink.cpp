// The sink that stands for every other: rows are staged in the world under tokens, in two phases, and counted where
// they are shown.

#include <utility>

#include "base/checksum.h"
#include "op/json_rows.h"
#include "simulation/disturbed_kinds.h"

namespace klein::simulation {

namespace {

constexpr std::size_t longest_row = 400;  // characters; the rest of a row counts by its checksum

std::string shortened(std::string row) {
  if (row.size() <= longest_row) return row;
  const auto rest = std::to_string(crc32(row)) + " of " + std::to_string(row.size()) + " characters";
  return row.substr(0, longest_row) + "... checksum " + rest;
}

class StagingWriter final : public Writer {
 public:
  StagingWriter(std::string name, World& world) : name_(std::move(name)), world_(world) {}
  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> write(Batch batch) override {
    for (auto& row : KLEIN_TRY(rows_to_json({batch}))) ++rows_[shortened(std::move(row))];
    return waits() ? Progress::pending : Progress::done;
  }
  Result<std::optional<Bytes>> prepare(Epoch) override {
    if (world_.dies_at(Moment::prepare)) return world_.fault("the sink's process has gone");
    if (waits()) return std::optional<Bytes>();
    if (rows_.empty()) return std::optional(Bytes{});
    const auto token = name_ + std::to_string(number_++) + ".";  // never the beginning of another
    world_.stage(token, context_->step, std::exchange(rows_, {}));
    return std::optional(token);
  }

 private:
  bool waits() {
    const auto delay = world_.delay();
    if (delay > 0) context_->timers->wake_at(context_->clock->now() + delay, context_->waker);
    return delay > 0;
  }

  const std::string name_;
  World& world_;
  const Context* context_ = nullptr;
  Rows rows_;
  int number_ = 0;
};

class StagingSink final : public Sink {
 public:
  explicit StagingSink(World& world) : world_(world), name_(world.next_sink()) {}
  Result<std::unique_ptr<Writer>> open(int task, const std::optional<Schema>&) const override {
    return std::make_unique<StagingWriter>(name_ + std::to_string(task) + ".", world_);
  }
  Bytes residue() const override { return name_; }
  Result<> discard() const override {
    if (!world_.dead()) world_.drop(name_);
    return {};
  }

 private:
  World& world_;
  const std::string name_;
};

class StagingCommitter final : public Committer {
 public:
  explicit StagingCommitter(World& world) : world_(world) {}
  Result<> commit(Epoch epoch, BytesView token) override {
    if (token.empty()) return {};
    if (world_.dies_at(Moment::commit)) return gone();
    if (world_.store_fails("commit failed")) return gone();
    KLEIN_TRY(world_.show(std::string(token), epoch));
    if (world_.dies_at(Moment::committed)) return gone();
    if (world_.store_fails("commit's reply lost")) return gone();
    return {};
  }
  Result<> abort(Epoch, BytesView token) override { return clear(token); }
  Result<> clear(BytesView residue) override {
    if (world_.dead()) return gone();
    if (!residue.empty()) world_.drop(std::string(residue));
    return {};
  }

 private:
  Error gone() const { return world_.fault("the sink's target did not answer"); }
  World& world_;
};

}  // namespace

SinkKind staging_sink(const SinkKind& kind, World& world) {
  return {
      .name = kind.name,
      .doc = kind.doc,
      .params = kind.params,
      .max_parallelism = kind.max_parallelism,
      .make = [&world](const Params&) -> Result<std::unique_ptr<Sink>> { return std::make_unique<StagingSink>(world); },
      .committer = [&world](Store*) -> Result<std::unique_ptr<Committer>> {
        return std::make_unique<StagingCommitter>(world);
      }};
}

}  // namespace klein::simulation
