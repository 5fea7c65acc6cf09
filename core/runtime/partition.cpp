#include "runtime/partition.h"

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>

namespace klein {

namespace {

using Rows = std::vector<std::int64_t>;

Result<std::vector<std::pair<int, Batch>>> picked(const Batch& batch, const std::vector<Rows>& by_task) {
  std::vector<std::pair<int, Batch>> parts;
  for (std::size_t task = 0; task < by_task.size(); ++task) {
    const auto& rows = by_task[task];
    if (rows.empty()) continue;
    const bool all = static_cast<std::int64_t>(rows.size()) == batch.rows();
    parts.emplace_back(static_cast<int>(task), all ? batch : KLEIN_TRY(batch.pick(rows)));
  }
  return parts;
}

}  // namespace

Result<std::vector<std::pair<int, Batch>>> Partition::split(const Batch& batch) {
  const auto* codec = KLEIN_TRY(codec_.get(batch, [&](const Schema& schema) { return KeyCodec::make(schema, keys_); }));
  const auto keys = KLEIN_TRY(codec->encode(batch));
  std::vector<Rows> by_task(static_cast<std::size_t>(tasks_));
  for (std::size_t row = 0; row < keys.size(); ++row)
    by_task[static_cast<std::size_t>(task_of(keys.group(row), tasks_))].push_back(static_cast<std::int64_t>(row));
  return picked(batch, by_task);
}

Result<std::vector<Batch>> rows_of_task(const std::vector<Batch>& rows, int task, int tasks) {
  std::vector<Batch> own;
  for (const auto& batch : rows) {
    const auto groups = std::dynamic_pointer_cast<arrow::Int32Array>(batch.columns()->column(0));
    if (!groups) return Error(Code::corrupt, "the first column of a state's rows is their key group");
    Rows mine;
    for (std::int64_t row = 0; row < groups->length(); ++row) {
      if (task_of(groups->Value(row), tasks) == task) mine.push_back(row);
    }
    // One without rows says when it was taken.
    if (!mine.empty() || batch.rows() == 0) own.push_back(KLEIN_TRY(batch.pick(mine)));
  }
  return own;
}

namespace {

class LateRowsOfTask final : public LateRows {
 public:
  LateRowsOfTask(std::shared_ptr<const LateRows> rows, int task, int tasks)
      : rows_(std::move(rows)), task_(task), tasks_(tasks) {}
  std::unique_ptr<Reader> read() const override { return std::make_unique<OfTask>(rows_->read(), task_, tasks_); }

 private:
  class OfTask final : public Reader {
   public:
    OfTask(std::unique_ptr<Reader> rows, int task, int tasks) : rows_(std::move(rows)), task_(task), tasks_(tasks) {}
    Result<std::optional<Batch>> next() override {
      while (auto batch = KLEIN_TRY(rows_->next())) {
        auto own = KLEIN_TRY(rows_of_task({*std::move(batch)}, task_, tasks_));
        if (!own.empty()) return std::optional(std::move(own.front()));
      }
      return std::optional<Batch>();
    }

   private:
    const std::unique_ptr<Reader> rows_;
    const int task_, tasks_;
  };

  const std::shared_ptr<const LateRows> rows_;
  const int task_, tasks_;
};

}  // namespace

std::shared_ptr<const LateRows> late_rows_of_task(std::shared_ptr<const LateRows> rows, int task, int tasks) {
  return std::make_shared<LateRowsOfTask>(std::move(rows), task, tasks);
}

}  // namespace klein
