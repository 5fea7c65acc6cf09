#pragma once
// SinkStage — a sink's writer as the last step of a chain, so that a task runs one kind of thing.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "op/connector.h"

namespace klein {

class SinkStage final : public Operator {
 public:
  explicit SinkStage(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
  Result<> open(const Context& context) override {
    step_ = context.step;
    return writer_->open(context);
  }
  Result<Progress> process(int, Batch batch, Output&) override { return writer_->write(std::move(batch)); }
  Result<Progress> resume(Output&) override { return writer_->resume(); }
  /// Stages what was written since the last call; nothing: not yet, ask again once woken.
  Result<std::optional<Bytes>> prepare(Epoch epoch) {
    auto token = writer_->prepare(epoch);
    if (!token.ok()) return std::move(token).error().at_step(step_);
    return token;
  }
  const std::string& step() const { return step_; }

 private:
  const std::unique_ptr<Writer> writer_;
  std::string step_;
};

}  // namespace klein
