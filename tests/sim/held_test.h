#pragma once
// Held — a step by key for simulated jobs: it holds every row until the end, so that only its state can bring a row
// over from one attempt to the next, to whichever task has the row's key then.

#include <arrow/array/builder_primitive.h>
#include <arrow/type.h>

#include "state/keys.h"
#include "tests/sim/world_test.h"

namespace klein::sim {

/// With `changes`, most of its snapshots hold only what has changed since the one before.
class Held final : public Operator {
 public:
  explicit Held(bool changes) : changes_(changes) {}
  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> process(int, Batch batch, Output&) override {
    const auto codec = KLEIN_TRY(KeyCodec::make(id_schema(), {"id"}));
    const auto keys = KLEIN_TRY(codec.encode(batch));
    const auto ids = ids_of(batch);
    for (std::size_t row = 0; row < ids.size(); ++row) {
      if (task_of(keys.group(row), context_->parallelism) != context_->task)
        return Error(Code::internal, "a row came to another task than its key's");
      group_of_id_[ids[row]] = keys.group(row);
      changed_[ids[row]] = keys.group(row);
    }
    return Progress::done;
  }
  Result<Progress> on_watermark(Watermark watermark, Output& out) override {
    return watermark.is_end() ? resume(out) : Progress::done;
  }
  /// Some at a time.
  Result<Progress> resume(Output& out) override {
    arrow::Int64Builder ids;
    for (int i = 0; i < 20 && !group_of_id_.empty(); ++i) {
      const auto [id, group] = *group_of_id_.begin();
      KLEIN_ARROW_OK(ids.Append(id));
      group_of_id_.erase(id);
      changed_.erase(id);
      changed_[gone(id)] = group;
    }
    const auto rows = ids.length();
    out.emit(Batch(arrow::RecordBatch::Make(id_schema().arrow(), rows, {KLEIN_ARROW(ids.Finish())})));
    return group_of_id_.empty() ? Progress::done : Progress::more;
  }
  Result<State> snapshot() const override {
    State state;
    state.since_last = changes_ && number_++ % 5 != 0;
    const auto taken = std::exchange(changed_, {});
    const auto& rows_of = state.since_last ? taken : group_of_id_;
    arrow::Int32Builder groups;
    arrow::Int64Builder ids;
    for (const auto& [id, group] : rows_of) {
      KLEIN_ARROW_OK(groups.Append(group));
      KLEIN_ARROW_OK(ids.Append(id));
    }
    const auto schema = arrow::schema({arrow::field("group", arrow::int32()), arrow::field("id", arrow::int64())});
    const auto rows = static_cast<std::int64_t>(rows_of.size());
    if (rows == 0) return state;
    state.tables["rows"] = {
        Batch(arrow::RecordBatch::Make(schema, rows, {KLEIN_ARROW(groups.Finish()), KLEIN_ARROW(ids.Finish())}))};
    return state;
  }
  Result<> restore(const State& state) override {
    for (const auto& batch : state.tables.at("rows")) {
      const auto& groups = static_cast<const arrow::Int32Array&>(*batch.columns()->column(0));
      const auto& ids = static_cast<const arrow::Int64Array&>(*batch.columns()->column(1));
      for (std::int64_t row = 0; row < batch.rows(); ++row) {
        const auto id = ids.Value(row);
        if (id < 0)
          group_of_id_.erase(gone(id));
        else
          group_of_id_[id] = groups.Value(row);
      }
    }
    return {};
  }

 private:
  /// As a row of state says that an id is held no more; and back.
  static std::int64_t gone(std::int64_t id) { return -1 - id; }

  const bool changes_;
  const Context* context_ = nullptr;
  std::map<std::int64_t, int> group_of_id_;
  mutable std::map<std::int64_t, int> changed_;
  mutable int number_ = 0;  // of snapshots
};

inline OperatorKind held_kind(const std::string& name, bool changes) {
  return {.name = name,
          .doc = "",
          .stateful = true,
          .schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs[0]; },
          .make = [changes](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
            return std::make_unique<Held>(changes);
          },
          .keys = [](const Params&, int) { return std::vector<std::string>{"id"}; }};
}

}  // namespace klein::sim
