#include "op/function_step.h"

#include <algorithm>

#include "op/remote_step.h"

namespace klein {

namespace {

class FunctionStep final : public Operator {
 public:
  FunctionStep(std::shared_ptr<const Function> function, std::unique_ptr<FunctionInstance> instance, OnError on_error)
      : function_(std::move(function)),
        instance_(std::move(instance)),
        batch_rows_(function_->batch_rows()),
        on_error_(on_error),
        schema_(function_->output()) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    input_ = std::move(batch);
    done_ = 0;
    return resume(out);
  }

  Result<Progress> resume(Output& out) override {
    const auto rows = input_->rows();
    while (done_ < rows) {
      const auto count = batch_rows_ > 0 ? std::min(batch_rows_, rows - done_) : rows;
      KLEIN_TRY(call(input_->slice(done_, count), out));
      done_ += count;
      if (done_ < rows && out.full()) return Progress::more;
    }
    input_.reset();
    return Progress::done;
  }

 private:
  struct Range {
    std::int64_t first, count;
  };

  Result<> call(const Batch& batch, Output& out) {
    auto made = instance_->call(batch);
    if (made.ok()) return emit(*std::move(made), out);
    if (!may_be_a_row(made.error().code())) return std::move(made).error();
    return isolate(batch, std::move(made).error(), out);
  }

  Result<> emit(std::vector<Batch> batches, Output& out) {
    for (auto& batch : batches) {
      if (batch.rows() > 0) out.emit(KLEIN_TRY(schema_->conform(std::move(batch))));
    }
    return {};
  }

  /// Calls again with parts of the batch until each row that fails stands alone: two calls a halving, none where the
  /// error names its row. Rows leave in order.
  Result<> isolate(const Batch& batch, Error error, Output& out) {
    std::vector<Failure> failures;
    std::vector<Range> rest;  // the next one last
    split({0, batch.rows()}, batch, error, rest, failures);
    while (!rest.empty() && (on_error_ != OnError::raise || failures.empty())) {
      const auto range = rest.back();
      rest.pop_back();
      const auto part = batch.slice(range.first, range.count);
      auto made = instance_->call(part);
      if (made.ok()) {
        KLEIN_TRY(emit(*std::move(made), out));
      } else if (may_be_a_row(made.error().code())) {
        split(range, part, made.error(), rest, failures);
      } else {
        return std::move(made).error();
      }
    }
    if (on_error_ == OnError::raise && failures.empty())
      return error;  // no row fails alone: it is all of them together
    std::sort(failures.begin(), failures.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
    return give_up(batch, failures, on_error_, *context_, out);
  }

  /// What is left to call of `range`, whose rows are `part`, after it failed with `error`.
  static void split(Range range, const Batch& part, const Error& error, std::vector<Range>& rest,
                    std::vector<Failure>& failures) {
    auto row = failed_row(part, error);
    if (range.count == 1) row = 0;
    const auto half = row ? *row : range.count / 2;
    const auto skipped = row ? 1 : 0;
    if (row) failures.push_back({range.first + *row, error});
    if (half + skipped < range.count) rest.push_back({range.first + half + skipped, range.count - half - skipped});
    if (half > 0) rest.push_back({range.first, half});
  }

  const std::shared_ptr<const Function> function_;
  const std::unique_ptr<FunctionInstance> instance_;
  const std::int64_t batch_rows_;
  const OnError on_error_;
  const std::shared_ptr<OutputSchema> schema_;
  const Context* context_ = nullptr;
  std::optional<Batch> input_;
  std::int64_t done_ = 0;  // rows of `input_` that were called with
};

}  // namespace

OperatorKind function_kind(std::string name, std::string doc, std::string fn_doc) {
  return {.name = std::move(name),
          .doc = std::move(doc),
          .params = {{.name = "fn", .type = ParamType::function, .doc = std::move(fn_doc)}, on_error_param()},
          .slow = true,
          .deterministic = false,
          .ports = {Port::main, Port::errors},
          .schema = [](const Params& params, const Schemas&) -> Result<std::optional<Schema>> {
            return params.function("fn")->output_schema();
          },
          .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
            auto function = params.function("fn");
            if (function->is_remote()) {
              auto calls = KLEIN_TRY(function->remote_calls());
              return make_remote_step(std::move(function), std::move(calls), on_error(params));
            }
            auto instance = KLEIN_TRY(function->instance());
            return std::make_unique<FunctionStep>(std::move(function), std::move(instance), on_error(params));
          }};
}

bool is_remote(const OperatorKind& kind, const Params& params) {
  return std::any_of(kind.params.begin(), kind.params.end(), [&](const Param& param) {
    if (param.type != ParamType::function) return false;
    const auto function = params.function(param.name);
    return function && function->is_remote();
  });
}

std::optional<Params> fused_functions(const Params& params, const Params& next) {
  if (on_error(params) != on_error(next) || on_error(params) == OnError::dead_letter) return std::nullopt;
  auto fused = params.function("fn")->fuse(*next.function("fn"));
  if (!fused) return std::nullopt;
  return params.with("fn", Value(Value::Handle(std::move(fused))));
}

}  // namespace klein
