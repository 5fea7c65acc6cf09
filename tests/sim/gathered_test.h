#pragma once
// Gathered — a step for simulated jobs that holds the batches of its task's step until that ends, and passes their rows
// on after a while, as a model does that likes many rows.

#include "op/gathering.h"
#include "tests/sim/world_test.h"

namespace klein::sim {

class Gathered final : public Operator, public Gathering {
 public:
  static inline int calls_of_several = 0;

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> process(int, Batch batch, Output&) override {
    held_.push_back(std::move(batch));
    return Progress::done;
  }
  std::int64_t wanted_rows() const override { return 16; }
  std::int64_t latency() const override { return 40'000'000; }
  Result<Progress> end_step(Output&) override {
    const std::scoped_lock lock(world->mutex);
    if (held_.size() > 1) ++calls_of_several;
    due_ = context_->clock->now() + 1'000'000 + static_cast<std::int64_t>(world->random.below(10'000'000));
    context_->timers->wake_at(due_, context_->waker);
    return Progress::pending;
  }
  Result<Progress> resume(Output& out) override {
    world->maybe_die();
    if (context_->clock->now() < due_) return Progress::pending;
    for (auto& batch : std::exchange(held_, {})) out.emit(std::move(batch));
    return Progress::done;
  }

 private:
  const Context* context_ = nullptr;
  std::vector<Batch> held_;
  std::int64_t due_ = 0;
};

inline OperatorKind gathered_kind(const std::string& name) {
  return {.name = name,
          .doc = "",
          .slow = true,
          .schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs[0]; },
          .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
            return std::make_unique<Gathered>();
          }};
}

}  // namespace klein::sim
