#include "runtime/stage.h"

namespace klein {

Result<> Stage::open() {
  context.rows_failed = &rows_failed_;
  return step_->open(context);
}

Result<Progress> Stage::call() {
  if (state_ != State::ready) return step_->resume(output_);
  auto progress = begin(queue_[head_++]);
  if (head_ == queue_.size()) {
    queue_.clear();
    head_ = 0;
  }
  return progress;
}

Result<Progress> Stage::begin(std::pair<int, std::variant<Batch, Watermark>>& given) {
  if (const auto* watermark = std::get_if<Watermark>(&given.second)) {
    passing_ = *watermark;
    return step_->on_watermark(*watermark, output_);
  }
  auto& batch = std::get<Batch>(given.second);
  count(metrics_.rows_in, batch.rows());
  count(metrics_.batches, 1);
  return step_->process(given.first, std::move(batch), output_);
}

Result<Stage::Moved> Stage::advance() {
  auto progress = call();
  if (!progress.ok()) return std::move(progress).error().at_step(context.step);
  std::int64_t rows = 0;
  for (const auto& [port, batch] : output_.emitted()) rows += port == Port::errors ? 0 : batch.rows();
  count(metrics_.rows_out, rows);
  metrics_.rows_failed.store(rows_failed_, std::memory_order_relaxed);
  switch (*progress) {
    case Progress::more: state_ = State::more; return Moved::on;
    case Progress::pending: state_ = State::pending; return Moved::blocked;
    case Progress::finished: return Moved::finished;
    case Progress::done: break;
  }
  state_ = State::ready;
  passed_ = std::exchange(passing_, std::nullopt);
  return Moved::on;
}

void Stage::end() {
  state_ = State::ended;
  queue_.clear();
  head_ = 0;
}

}  // namespace klein
