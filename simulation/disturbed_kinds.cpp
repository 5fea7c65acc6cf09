#include "simulation/disturbed_kinds.h"

#include <utility>

namespace klein::simulation {

namespace {

/// Takes a batch now and then a while later, as a step does that waits for a model.
class DisturbedStep final : public Operator {
 public:
  DisturbedStep(std::unique_ptr<Operator> step, World& world) : step_(std::move(step)), world_(world) {}
  Result<> open(const Context& context) override {
    context_ = &context;
    return step_->open(context);
  }
  Result<Progress> process(int port, Batch batch, Output& out) override {
    const auto delay = world_.delay();
    if (delay == 0) return step_->process(port, std::move(batch), out);
    due_ = context_->clock->now() + delay;
    given_ = {port, std::move(batch)};
    context_->timers->wake_at(due_, context_->waker);
    return Progress::pending;
  }
  Result<Progress> resume(Output& out) override {
    if (!given_) return step_->resume(out);
    if (context_->clock->now() < due_) return Progress::pending;
    auto given = *std::exchange(given_, std::nullopt);
    return step_->process(given.first, std::move(given.second), out);
  }
  Result<Progress> on_watermark(Watermark watermark, Output& out) override {
    return step_->on_watermark(watermark, out);
  }

 private:
  const std::unique_ptr<Operator> step_;
  World& world_;
  const Context* context_ = nullptr;
  std::optional<std::pair<int, Batch>> given_;
  std::int64_t due_ = 0;
};

OperatorKind disturbed_step(OperatorKind kind, World& world) {
  // A step that remembers is asked for its snapshot between two calls: its neighbours are slow in its place.
  if (kind.stateful || kind.makes_time) return kind;
  kind.make = [make = kind.make,
               &world](const Params& params, const Schemas& inputs) -> Result<std::unique_ptr<Operator>> {
    return std::make_unique<DisturbedStep>(KLEIN_TRY(make(params, inputs)), world);
  };
  return kind;
}

}  // namespace

std::unique_ptr<Registry> disturbed(const Registry& registry, World& world, std::int64_t rows) {
  auto all = std::make_unique<Registry>();
  for (const auto& [name, kind] : registry.operators()) all->add(disturbed_step(kind, world));
  for (const auto& [name, kind] : registry.sinks()) all->add(staging_sink(kind, world));
  for (auto [name, kind] : registry.sources()) {
    kind.make = [make = kind.make, &world, rows](const Params& params) -> Result<std::unique_ptr<Source>> {
      return disturbed(KLEIN_TRY(make(params)), world, rows);
    };
    all->add(std::move(kind));
  }
  return all;
}

}  // namespace klein::simulation
