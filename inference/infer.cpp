// infer: runs a model over the rows and adds its outputs as columns. It slices and gathers its input to the size the
// model likes, and keeps no rows between two of its task's steps.

#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "inference/batch_size.h"
#include "inference/infer_plan.h"
#include "op/gathering.h"
#include "op/registry.h"

namespace klein {
namespace {

constexpr std::int64_t most_batch_bytes = 32 << 20;  // of a call's inputs and outputs
constexpr std::int64_t most_batch_rows = 1024;

std::int64_t most_rows(const InferPlan& plan) {
  std::int64_t bytes = 1;
  for (const auto& input : plan.inputs) bytes += input.bytes();
  for (const auto& output : plan.outputs) bytes += output.cell.bytes();
  return std::clamp<std::int64_t>(most_batch_bytes / bytes, 1, most_batch_rows);
}

Shape with_rows(std::int64_t rows, const Shape& row) {
  Shape shape = {rows};
  shape.insert(shape.end(), row.begin(), row.end());
  return shape;
}

/// Rows `first` to `first + count` of all that are held.
struct Rows {
  std::int64_t first, count;
};

class Infer final : public Operator, public Gathering {
 public:
  explicit Infer(InferPlan plan)
      : plan_(std::move(plan)),
        size_(most_rows(plan_)),
        input_room_(plan_.inputs.size()),
        output_room_(plan_.outputs.size()) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    auto whole = KLEIN_TRY(without_nulls(batch, out));
    const auto rows = whole.rows();
    if (rows > 0) held_.push_back({std::move(whole), {held_rows_, rows}});
    held_rows_ += rows;
    return held_rows_ < wanted_rows() ? Progress::done : end_step(out);
  }

  std::int64_t wanted_rows() const override { return rows_of_call(most_rows(plan_)); }
  std::int64_t latency() const override { return context_->streaming ? plan_.latency : 0; }

  Result<Progress> end_step(Output& out) override {
    const auto held = std::move(held_);
    const auto all = std::exchange(held_rows_, 0);
    held_.clear();
    if (all == 0) return Progress::done;
    KLEIN_TRY(allocate(all));
    failures_.clear();
    for (std::int64_t first = 0; first < all;) {
      const Rows rows{first, rows_of_call(all - first)};
      KLEIN_TRY(run(held, rows));
      first += rows.count;
    }
    for (const auto& each : held) KLEIN_TRY(emit(each, out));
    buffers_.clear();
    return Progress::done;
  }

 private:
  /// A batch, and which rows of all that are held it has.
  struct Held {
    Batch batch;
    Rows rows;
  };

  Result<> emit(const Held& held, Output& out) {
    std::vector<Failure> failures;
    for (const auto& [row, error] : failures_) {
      if (row >= held.rows.first && row < held.rows.first + held.rows.count)
        failures.push_back({row - held.rows.first, error});
    }
    KLEIN_TRY(give_up(held.batch, failures, plan_.on_error, *context_, out));
    auto result = held.batch.with(with_outputs(held));
    if (!failures.empty()) {
      const auto good = KLEIN_TRY(kept(held.rows.count, failures));
      result = KLEIN_TRY(result.keep(*good));
    }
    out.emit(std::move(result));
    return {};
  }

  std::int64_t rows_of_call(std::int64_t available) const {
    if (plan_.fixed_rows != 0) return std::min(available, plan_.fixed_rows);
    if (plan_.batch_rows != 0 && available >= plan_.batch_rows) return plan_.batch_rows;
    const auto rows = plan_.batch_rows != 0 ? available : size_.next(available);
    if (!plan_.session->prepares_each_size()) return rows;
    return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(rows)));
  }

  /// The batch without the rows where an input is null; those are given up.
  Result<Batch> without_nulls(const Batch& batch, Output& out) {
    std::vector<char> marks(static_cast<std::size_t>(batch.rows()));
    std::vector<Failure> failures;
    std::vector<std::int64_t> good;
    for (const auto& input : plan_.inputs) mark_nulls(*batch.columns()->column(input.position), marks);
    if (std::find(marks.begin(), marks.end(), 1) == marks.end()) return batch;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (marks[static_cast<std::size_t>(row)] == 0)
        good.push_back(row);
      else
        failures.push_back({row, null_in(batch, row)});
    }
    KLEIN_TRY(give_up(batch, failures, plan_.on_error, *context_, out));
    return batch.pick(good);
  }

  Error null_in(const Batch& batch, std::int64_t row) const {
    for (const auto& input : plan_.inputs) {
      std::vector<char> mark(1);
      mark_nulls(*batch.columns()->column(input.position)->Slice(row, 1), mark);
      if (mark[0] != 0) return Error(Code::invalid, "a model can't take a null, column '" + input.column + "' has one");
    }
    return Error(Code::internal, "no null found in a row that has one");
  }

  Result<> allocate(std::int64_t rows) {
    buffers_.clear();
    for (const auto& output : plan_.outputs) {
      buffers_.push_back(KLEIN_ARROW(arrow::AllocateBuffer(rows * output.cell.bytes())));
    }
    return {};
  }

  /// Runs the rows in one call. Where the model refuses them, one by one, so that only those that it can't take fail.
  Result<> run(const std::vector<Held>& held, Rows rows) {
    const auto start = context_->clock->now();
    auto ran = call(held, rows);
    if (ran.ok()) {
      size_.observe(rows.count, context_->clock->now() - start);
      return {};
    }
    if (rows.count == 1) {
      failures_.push_back({rows.first, std::move(ran).error()});
      return {};
    }
    for (std::int64_t row = 0; row < rows.count; ++row) {
      KLEIN_TRY(run(held, {rows.first + row, 1}));
      if (plan_.on_error == OnError::raise && !failures_.empty()) return {};  // the first one is enough
    }
    return {};
  }

  Result<> call(const std::vector<Held>& held, Rows rows) {
    const auto sent = std::max(rows.count, plan_.fixed_rows);
    std::vector<InputTensor> inputs;
    for (std::size_t i = 0; i < plan_.inputs.size(); ++i) {
      inputs.push_back({input_of(held, rows, i, sent), with_rows(sent, plan_.inputs[i].shape)});
    }
    std::vector<OutputTensor> outputs;
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
      const auto& output = plan_.outputs[i];
      outputs.push_back(
          {.index = output.index, .data = output_of(rows, i, sent), .shape = with_rows(sent, output.cell.shape)});
    }
    KLEIN_TRY(plan_.session->run(inputs, outputs));
    for (std::size_t i = 0; sent > rows.count && i < plan_.outputs.size(); ++i) {
      const auto bytes = plan_.outputs[i].cell.bytes();
      std::memcpy(place_of(rows, i), output_room_[i].data(), static_cast<std::size_t>(rows.count * bytes));
    }
    return {};
  }

  /// The rows as the model reads them: the column itself where it can be, else room of our own with the rows
  /// normalised, and the last one repeated up to what the model wants.
  const void* input_of(const std::vector<Held>& held, Rows rows, std::size_t index, std::int64_t sent) {
    const auto& input = plan_.inputs[index];
    const auto end = rows.first + rows.count;
    auto& room = input_room_[index];
    const auto bytes = static_cast<std::size_t>(input.bytes());
    for (const auto& [batch, own] : held) {
      const auto first = std::max(rows.first, own.first), last = std::min(end, own.first + own.count);
      if (first >= last) continue;
      const auto* from = cells(*batch.columns()->column(input.position)) + (first - own.first) * input.cell.bytes();
      if (!input.picture && last - first == sent) return from;
      room.resize(std::max(room.size(), static_cast<std::size_t>(sent) * bytes));
      auto* to = room.data() + static_cast<std::size_t>(first - rows.first) * bytes;
      if (input.picture) {
        const auto& picture = *input.picture;
        normalise(from, last - first, picture.pixels, picture.channels, picture.normalisation, picture.layout,
                  reinterpret_cast<float*>(to));
      } else {
        std::memcpy(to, from, static_cast<std::size_t>(last - first) * bytes);
      }
    }
    for (auto row = static_cast<std::size_t>(rows.count); row < static_cast<std::size_t>(sent); ++row) {
      std::memcpy(room.data() + row * bytes, room.data() + (row - 1) * bytes, bytes);
    }
    return room.data();
  }

  std::uint8_t* place_of(Rows rows, std::size_t index) const {
    return buffers_[index]->mutable_data() + rows.first * plan_.outputs[index].cell.bytes();
  }

  void* output_of(Rows rows, std::size_t index, std::int64_t sent) {
    if (sent == rows.count) return place_of(rows, index);
    auto& room = output_room_[index];
    room.resize(static_cast<std::size_t>(sent * plan_.outputs[index].cell.bytes()));
    return room.data();
  }

  std::shared_ptr<arrow::RecordBatch> with_outputs(const Held& held) const {
    auto columns = held.batch.columns()->columns();
    const auto [first, count] = held.rows;
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
      const auto bytes = plan_.outputs[i].cell.bytes();
      auto part = arrow::SliceBuffer(buffers_[i], first * bytes, count * bytes);
      columns.push_back(make_column(plan_.outputs[i].type, count, std::move(part)));
    }
    return arrow::RecordBatch::Make(plan_.schema.arrow(), count, std::move(columns));
  }

  static Result<std::shared_ptr<arrow::BooleanArray>> kept(std::int64_t rows, const std::vector<Failure>& failures) {
    std::vector<bool> good(static_cast<std::size_t>(rows), true);
    for (const auto& failure : failures) good[static_cast<std::size_t>(failure.row)] = false;
    arrow::BooleanBuilder builder;
    KLEIN_ARROW_OK(builder.AppendValues(good));
    std::shared_ptr<arrow::BooleanArray> mask;
    KLEIN_ARROW_OK(builder.Finish(&mask));
    return mask;
  }

  const InferPlan plan_;
  BatchSize size_;
  const Context* context_ = nullptr;
  std::vector<std::vector<std::uint8_t>> input_room_, output_room_;  // one each, used again by every call
  std::vector<Held> held_;
  std::int64_t held_rows_ = 0;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers_;  // of the outputs of what is held
  std::vector<Failure> failures_;                        // of what is held
};

std::vector<Param> model_params() {
  using enum ParamType;
  return {
      {.name = "model", .type = string, .doc = "The path of an ONNX file."},
      {.name = "inputs",
       .type = mapping,
       .doc = "Which column feeds which of the model's inputs: {\"input\": \"column\"}. Left out: the columns of the "
              "inputs' names.",
       .fallback = Value(Value::Map{})},
      {.name = "outputs",
       .type = mapping,
       .doc = "Which of the model's outputs become which columns: {\"output\": \"column\"}. Left out: all, under their "
              "names.",
       .fallback = Value(Value::Map{})},
      {.name = "mean",
       .type = numbers,
       .doc = "Taken from uint8 values that feed a float input: one number, or one a channel.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "std",
       .type = numbers,
       .doc = "What they are divided by then: one number, or one a channel.",
       .fallback = Value(),
       .keyword_only = true}};
}

std::vector<Param> running_params() {
  using enum ParamType;
  return {
      {.name = "precision",
       .type = string,
       .doc = "The arithmetic: \"fp32\"; \"bf16\", which costs a third to a half on processors that have it and moves "
              "outputs by about a thousandth.",
       .fallback = Value("fp32"),
       .choices = {"fp32", "bf16", "int8", "auto"},
       .keyword_only = true},
      {.name = "runtime",
       .type = string,
       .doc = "Who runs the model. \"auto\" is ONNX Runtime for fp32 and OpenVINO (`pip install "
              "'pyklein[openvino]'`) for bf16.",
       .fallback = Value("auto"),
       .choices = {"auto", "onnxruntime", "openvino"},
       .keyword_only = true},
      {.name = "latency",
       .type = string,
       .doc = "How long after it was read a row may take to pass, such as \"200ms\": rows that come one by one wait "
              "for others as long as that allows, where more rows at once are needed to keep up.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "batch_size",
       .type = any,
       .doc = "Rows a call to the model: a number, or \"auto\", which finds out what the model likes best.",
       .fallback = Value("auto"),
       .keyword_only = true},
      on_error_param()};
}

std::vector<Param> infer_params() {
  auto params = model_params();
  for (auto& param : running_params()) params.push_back(std::move(param));
  return params;
}

Columns infer_required(const Params& params, const Columns& wanted) {
  auto columns = infer_columns(params);
  if (!columns.ok()) return wanted;  // the plan is refused anyway, by `schema`
  Columns needed = wanted;
  for (const auto& made : columns->makes) needed.erase(made);
  needed.insert(columns->reads.begin(), columns->reads.end());
  return needed;
}

Columns infer_makes(const Params& params) {
  auto columns = infer_columns(params);
  return columns.ok() ? Columns(columns->makes.begin(), columns->makes.end()) : Columns();
}

Result<std::optional<Schema>> infer_schema(const Params& params, const Schemas& inputs) {
  if (!inputs[0]) return std::optional<Schema>();
  return std::optional(KLEIN_TRY(make_infer_plan(params, *inputs[0])).schema);
}

Result<std::unique_ptr<Operator>> make_infer(const Params& params, const Schemas& inputs) {
  if (!inputs[0]) {
    return Error(
        Code::invalid, "infer must know its input's columns before it starts: give the step before it a schema");
  }
  return std::make_unique<Infer>(KLEIN_TRY(make_infer_plan(params, *inputs[0])));
}

}  // namespace

void register_infer(Registry& registry) {
  registry.add(OperatorKind{
      .name = "infer",
      .doc =
          "Run a model over the rows and add its outputs as columns: a number a row, or fixed-shape tensors. A uint8 "
          "picture that feeds a float input becomes (x - mean) / std, laid out as the model asks.",
      .params = infer_params(),
      .slow = true,
      .ports = {Port::main, Port::errors},
      .schema = infer_schema,
      .make = make_infer,
      .one_to_one = [](const Params& params) { return on_error(params) == OnError::raise; },
      .required = infer_required,
      .makes = infer_makes});
}

}  // namespace klein
