#pragma once
// SinkStage — a sink's writer as the last step of a chain, so that a task runs one kind of thing.

#include <memory>
#include <optional>
#include <utility>

#include "op/connector.h"

namespace klein {

class SinkStage final : public Operator {
 public:
  explicit SinkStage(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
  Result<> open(const Context& context) override { return writer_->open(context); }
  Result<Progress> process(int, Batch batch, Output&) override { return writer_->write(std::move(batch)); }
  Result<Progress> resume(Output&) override { return ended_ ? prepare() : writer_->resume(); }
  Result<Progress> on_watermark(Watermark watermark, Output&) override {
    ended_ = watermark.is_end();
    return ended_ ? prepare() : Progress::done;
  }
  /// What the writer staged, once the end has passed.
  const std::optional<Bytes>& token() const { return token_; }

 private:
  Result<Progress> prepare() {
    token_ = KLEIN_TRY(writer_->prepare(Epoch{1}));
    return token_ ? Progress::done : Progress::pending;
  }

  const std::unique_ptr<Writer> writer_;
  std::optional<Bytes> token_;
  bool ended_ = false;
};

}  // namespace klein
