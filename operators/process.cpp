// process: rows of a key go through the user's code, which remembers things by key and may ask to be called at a time.

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <cstdlib>
#include <limits>
#include <map>

#include "op/keyed_function.h"
#include "op/registry.h"
#include "op/user_metrics.h"

namespace klein {

namespace {

constexpr std::int64_t between_looks = 1'000'000'000;  // at how large state is, nanoseconds
constexpr auto timers_table = "timers";
constexpr auto input_entry = "klein.input", task_entry = "klein.task", time_entry = "klein.time";

/// When rows of state were taken, by the clock of their task.
struct Taken {
  std::string task;
  std::int64_t time = 0;
};

/// The key groups of rows before their keys, and what the keys are made of with them.
Result<Batch> with_groups(const Batch& rows, const Schema& input, const Taken& taken) {
  const auto keys = std::dynamic_pointer_cast<arrow::BinaryArray>(rows.columns()->column(0));
  if (!keys) return Error(Code::internal, "the first column of a keyed function's state is the key");
  arrow::Int32Builder groups;
  for (std::int64_t row = 0; row < rows.rows(); ++row)
    KLEIN_ARROW_OK(groups.Append(group_of(hash_key(keys->GetView(row)))));
  auto fields = rows.columns()->schema()->fields();
  auto columns = rows.columns()->columns();
  fields.insert(fields.begin(), arrow::field("group", arrow::int32()));
  columns.insert(columns.begin(), KLEIN_ARROW(groups.Finish()));
  const auto bytes = KLEIN_ARROW(arrow::ipc::SerializeSchema(*input.arrow()));
  const auto metadata = arrow::key_value_metadata(
      {input_entry, task_entry, time_entry}, {bytes->ToString(), taken.task, std::to_string(taken.time)});
  const auto schema = arrow::schema(fields, metadata);
  return Batch(arrow::RecordBatch::Make(schema, rows.rows(), std::move(columns)));
}

Result<Batch> without_groups(const Batch& rows) {
  const auto left = KLEIN_ARROW(rows.columns()->RemoveColumn(0));
  return Batch(left->ReplaceSchemaMetadata(nullptr));
}

Result<Schema> input_of(const Batch& rows) {
  const auto& metadata = rows.columns()->schema()->metadata();
  const auto found = metadata ? metadata->FindKey(input_entry) : -1;
  if (found < 0) return Error(Code::corrupt, "a state by key does not say what its keys are made of");
  arrow::io::BufferReader reader(arrow::Buffer::FromString(metadata->value(found)));
  arrow::ipc::DictionaryMemo memo;
  return Schema(KLEIN_ARROW(arrow::ipc::ReadSchema(&reader, &memo)));
}

/// Those that were taken before there were changes say no time: they were taken at once.
Taken taken_of(const Batch& rows) {
  const auto& metadata = rows.columns()->schema()->metadata();
  const auto entry = [&](const char* name) {
    const auto found = metadata ? metadata->FindKey(name) : -1;
    return found < 0 ? std::string() : metadata->value(found);
  };
  return {entry(task_entry), std::strtoll(entry(time_entry).c_str(), nullptr, 10)};
}

/// Every batch of a state, table by table.
Result<> each(const State& state, const std::function<Result<>(const std::string& table, const Batch& rows)>& take) {
  for (const auto& [name, batches] : state.tables) {
    for (const auto& batch : batches) KLEIN_TRY(take(name, batch));
  }
  for (const auto& [name, all] : state.late) {
    const auto take_late = [&take, table = name](const Batch& batch) { return take(table, batch); };
    for (const auto& rows : all) KLEIN_TRY(rows->each(take_late));
  }
  return {};
}

/// `with_groups` of rows that come late.
class WithGroups final : public LateRows {
 public:
  WithGroups(std::shared_ptr<const LateRows> rows, Schema input, Taken taken)
      : rows_(std::move(rows)), input_(std::move(input)), taken_(std::move(taken)) {}
  std::unique_ptr<Reader> read() const override { return std::make_unique<Grouped>(rows_->read(), input_, taken_); }

 private:
  class Grouped final : public Reader {
   public:
    Grouped(std::unique_ptr<Reader> rows, Schema input, Taken taken)
        : rows_(std::move(rows)), input_(std::move(input)), taken_(std::move(taken)) {}
    Result<std::optional<Batch>> next() override {
      const auto batch = KLEIN_TRY(rows_->next());
      if (!batch) return std::optional<Batch>();
      return std::optional(KLEIN_TRY(with_groups(*batch, input_, taken_)));
    }

   private:
    const std::unique_ptr<Reader> rows_;
    const Schema input_;
    const Taken taken_;
  };

  const std::shared_ptr<const LateRows> rows_;
  const Schema input_;
  const Taken taken_;
};

class Processing final : public Operator, public Counting {
 public:
  Processing(std::shared_ptr<const KeyedFunction> function, std::unique_ptr<KeyedInstance> instance,
             const Params& params)
      : function_(std::move(function)),
        instance_(std::move(instance)),
        keys_(params.strings("keys")),
        output_(function_->output()) {
    if (!params.is_null("time")) time_name_ = params.string("time");
  }

  void count_in(std::shared_ptr<UserMetrics> metrics) override { metrics_ = std::move(metrics); }

  Result<> open(const Context& context) override {
    context_ = &context;
    KeyedInstance::Memory memory;
    if (!context.state_folder.empty()) {
      held_ = KLEIN_TRY(HeldState::on_disk(context.state_folder, context.state_memory / 3));
      memory = {held_, context.state_memory - context.state_memory / 3};
    }
    return instance_->open(metrics_, memory);
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    if (!input_ || !(*input_ == batch.schema())) KLEIN_TRY(see(batch.schema()));
    if (held_) tell_size();
    const auto keys = KLEIN_TRY(codec_->encode(batch));
    KLEIN_TRY(emit(KLEIN_TRY(instance_->call({batch, keys, codec_, time_ ? &*time_ : nullptr, now()})), out));
    return set_alarm();
  }

  Result<Progress> on_watermark(Watermark watermark, Output& out) override {
    passed_ = std::max(passed_, watermark.time);
    return resume(out);
  }

  /// After `more`, or because a timer by the clock is due.
  Result<Progress> resume(Output& out) override {
    auto rung = KLEIN_TRY(instance_->ring(passed_, now()));
    KLEIN_TRY(emit(std::move(rung.batches), out));
    return rung.more ? Progress::more : set_alarm();
  }

  Result<State> snapshot() const override {
    State state;
    const Taken taken{std::to_string(context_->task), now()};
    if (held_) held_->at(taken.time);  // what is left is as of the same time
    auto saved = KLEIN_TRY(instance_->snapshot(taken.time));
    state.since_last = saved.since_last;
    if (held_) *context_->state_size = held_->size();
    if (!input_) return state;  // no row has come
    for (auto& [name, rows] : saved.late)
      state.late[name] = {std::make_shared<WithGroups>(std::move(rows), *input_, taken)};
    for (const auto& [name, batches] : saved.tables) {
      for (const auto& batch : batches) state.tables[name].push_back(KLEIN_TRY(with_groups(batch, *input_, taken)));
    }
    return state;
  }

  Result<> restore(const State& state) override {
    const auto time_now = now();  // once: a timer that is taken back must be at the time at which it was set
    if (held_) held_->at(time_now);
    // Timers say of each task when its last rows were taken, or these are all of one time.
    std::map<std::string, std::int64_t> last;
    const auto note = [&](const Batch& batch) -> Result<> {
      const auto taken = taken_of(batch);
      auto& time = last.try_emplace(taken.task, taken.time).first->second;
      time = std::max(time, taken.time);
      return {};
    };
    KLEIN_TRY(each(state, [&](const std::string& table, const Batch& batch) -> Result<> {
      return table == timers_table ? note(batch) : Result<>();
    }));
    KLEIN_TRY(each(state, [&](const std::string& table, const Batch& batch) -> Result<> {
      KLEIN_TRY(note(batch));
      if (!input_) KLEIN_TRY(see(KLEIN_TRY(input_of(batch))));
      const auto taken = taken_of(batch);
      const auto since = last[taken.task] - taken.time;  // what they say is left is less by that
      return instance_->restore(table, KLEIN_TRY(without_groups(batch)), codec_, time_now - since);
    }));
    set_alarm();
    return {};
  }

 private:
  Result<> see(const Schema& schema) {
    auto codec = KLEIN_TRY(KeyCodec::make(schema, keys_));
    if (codec_ && !same_types(codec.types()))
      return Error(Code::invalid, "the columns of its keys changed their types midway, so that keys would not meet");
    codec_ = std::make_shared<const KeyCodec>(std::move(codec));
    if (time_name_) time_ = KLEIN_TRY(TimeColumn::make(schema, *time_name_));
    input_ = schema;
    return {};
  }

  /// Once a second: looking costs.
  void tell_size() {
    const auto time_now = now();
    held_->at(time_now);
    if (time_now < told_ + between_looks) return;
    told_ = time_now;
    *context_->state_size = held_->size();
  }

  bool same_types(const std::vector<std::shared_ptr<arrow::DataType>>& types) const {
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (!types[i]->Equals(*codec_->types()[i])) return false;
    }
    return true;
  }

  Result<> emit(std::vector<Batch> batches, Output& out) {
    for (auto& batch : batches) {
      if (batch.rows() > 0) out.emit(KLEIN_TRY(output_->conform(std::move(batch))));
    }
    return {};
  }

  std::int64_t now() const { return context_->clock->now(); }

  Progress set_alarm() {
    const auto next = instance_->alarm();
    if (next != 0 && context_->alarm) *context_->alarm = next;
    return Progress::done;
  }

  const std::shared_ptr<const KeyedFunction> function_;
  const std::unique_ptr<KeyedInstance> instance_;
  const std::vector<std::string> keys_;
  std::optional<std::string> time_name_;
  std::shared_ptr<UserMetrics> metrics_ = std::make_shared<UserMetrics>();
  const Context* context_ = nullptr;
  std::optional<Schema> input_;
  std::shared_ptr<const KeyCodec> codec_;
  std::optional<TimeColumn> time_;
  const std::shared_ptr<OutputSchema> output_;
  std::shared_ptr<HeldState> held_;  // null: all is in memory
  std::int64_t told_ = -between_looks;
  std::int64_t passed_ = std::numeric_limits<std::int64_t>::min();
};

Result<std::shared_ptr<const KeyedFunction>> function_of(const Params& params) {
  auto function = params.value("fn").object<KeyedFunction>();
  if (!function)
    return Error(
        Code::invalid, "fn is a function or a class that works by key: flow.key_by(...).process(fn) makes one");
  return function;
}

}  // namespace

void register_process(Registry& registry) {
  registry.add(OperatorKind{
      .name = "process",
      .doc = "Take the rows of each key through code that remembers things by key and may ask to be called at a time.",
      .params =
          {{.name = "fn", .type = ParamType::any, .doc = "What flow.key_by(...).process(...) makes of the user's."},
           {.name = "keys",
            .type = ParamType::strings,
            .doc = "Rows of equal values in these columns share what is remembered."},
           {.name = "time",
            .type = ParamType::string,
            .doc = "The column of the events' time.",
            .fallback = Value(),
            .keyword_only = true}},
      .slow = true,
      .by_row = true,
      .deterministic = false,
      .stateful = true,
      .late = true,
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        const auto function = KLEIN_TRY(function_of(params));
        if (inputs.front()) {
          KLEIN_TRY(KeyCodec::make(*inputs.front(), params.strings("keys")));
          if (!params.is_null("time")) KLEIN_TRY(TimeColumn::make(*inputs.front(), params.string("time")));
        }
        return function->output_schema();
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        auto function = KLEIN_TRY(function_of(params));
        auto instance = KLEIN_TRY(function->instance());
        return std::make_unique<Processing>(std::move(function), std::move(instance), params);
      },
      .keys = [](const Params& params, int) { return params.strings("keys"); }});
}

}  // namespace klein
