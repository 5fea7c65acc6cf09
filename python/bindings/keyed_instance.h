#pragma once
// What a task calls by key: rows go into Python's `Instance` (`pyklein/_process.py`), a dict at a time, and come out as
// batches. The interpreter is entered once a batch.

#include <nanobind/nanobind.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter.h"
#include "op/keyed_function.h"
#include "op/user_metrics.h"
#include "rows_read.h"
#include "rows_write.h"

namespace klein::py {

struct SharedMetrics {
  std::shared_ptr<UserMetrics> metrics;
};

struct SharedLateRows {
  std::shared_ptr<const LateRows> rows;
};

struct SharedHeldState {
  std::shared_ptr<HeldState> state;
};

class PythonInstance final : public KeyedInstance {
 public:
  PythonInstance(Reference object, std::optional<Schema> declared)
      : object_(std::move(object)), declared_(std::move(declared)) {}

  Result<> open(std::shared_ptr<UserMetrics> metrics, const Memory& memory) override;
  Result<std::vector<Batch>> call(const Rows& rows) override;
  Result<Rung> ring(std::int64_t time, std::int64_t now) override;
  std::int64_t alarm() const override { return next_; }
  Result<Saved> snapshot(std::int64_t now) override;
  Result<> restore(const std::string& table, const Batch& rows, std::shared_ptr<const KeyCodec> codec,
                   std::int64_t now) override;

 private:
  Result<> begin(const Rows& rows);
  Result<> pass(std::string_view key, std::int64_t row, const std::vector<std::int64_t>& times,
                std::vector<std::int64_t>& origin);
  Result<> keep(PyObject* rows);
  void reset();
  Result<std::shared_ptr<arrow::RecordBatch>> finished();
  Result<> ring_each(const nanobind::list& timers);
  Result<> learn_timers();

  static constexpr auto never = std::numeric_limits<std::int64_t>::max();

  const Reference object_;
  const std::optional<Schema> declared_;
  std::shared_ptr<const KeyCodec> codec_;
  Reference on_row_;
  bool held_ = false;  // not all that it remembers is in memory: it is told which keys come
  RowReader reader_;
  Fields fields_;
  std::int64_t next_time_ = never, next_ = 0;
};

}  // namespace klein::py
