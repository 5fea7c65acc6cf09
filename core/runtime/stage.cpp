#include "runtime/stage.h"

namespace klein {

Result<> Stage::open() {
  context.rows_failed = &rows_failed_;
  context.alarm = &alarm_;
  context.state_size = &state_size_;
  return step_->open(context);
}

Result<Progress> Stage::call() {
  if (phase_ != Phase::ready) return step_->resume(output_);
  auto progress = begin(queue_[head_++]);
  if (head_ == queue_.size()) {
    queue_.clear();
    head_ = 0;
  }
  return progress;
}

Result<Progress> Stage::begin(Given& given) {
  if (std::holds_alternative<Ring>(given.second)) return step_->resume(output_);
  if (std::holds_alternative<StepEnd>(given.second)) return gathering_->end_step(output_);
  if (const auto* watermark = std::get_if<Watermark>(&given.second)) {
    if (!makes_time_ || watermark->is_end()) passing_ = *watermark;
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
  metrics_.state_memory.store(state_size_.memory, std::memory_order_relaxed);
  metrics_.state_disk.store(state_size_.disk, std::memory_order_relaxed);
  switch (*progress) {
    case Progress::more: phase_ = Phase::more; return Moved::on;
    case Progress::pending: phase_ = Phase::pending; return Moved::blocked;
    case Progress::finished: return Moved::finished;
    case Progress::done: break;
  }
  phase_ = Phase::ready;
  passed_ = std::exchange(passing_, std::nullopt);
  if (const auto made = output_.take_watermark(); made && !passed_) passed_ = made;
  if (passed_) metrics_.watermark.store(passed_->time, std::memory_order_relaxed);
  return Moved::on;
}

void Stage::end() {
  phase_ = Phase::ended;
  queue_.clear();
  head_ = 0;
}

}  // namespace klein
