#include "op/remote_step.h"

#include <algorithm>

#include "op/remote_parts.h"

namespace klein {

namespace {

constexpr std::int64_t wanted = 10'000'000;  // nanoseconds that a call of rows should take: several fit a step
constexpr std::int64_t first_rows = 64, most_rows = 1 << 16;
constexpr int most_deaths = 10;  // of one row each, in a row: then it is not the rows

class RemoteStep final : public Operator {
 public:
  RemoteStep(std::shared_ptr<const Function> function, std::unique_ptr<RemoteCalls> calls, OnError on_error)
      : function_(std::move(function)), calls_(std::move(calls)), on_error_(on_error), schema_(function_->output()) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return calls_->open(context);
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto rows = batch.rows();
    input_ = std::move(batch);
    parts_.clear();
    const auto most = rows_of_a_call();
    for (std::int64_t first = 0; first < rows; first += most) parts_.add(first, std::min(most, rows - first));
    return go_on(out);
  }

  Result<Progress> resume(Output& out) override {
    if (!input_) return Progress::done;
    return go_on(out);
  }

 private:
  std::int64_t rows_of_a_call() const {
    if (function_->batch_rows() > 0) return function_->batch_rows();
    return function_->by_row() ? rows_ : input_->rows();
  }

  Result<Progress> go_on(Output& out) {
    for (auto& answer : KLEIN_TRY(calls_->answers())) {
      learn(answer);
      parts_.answer(std::move(answer), *input_);
    }
    while (auto part = parts_.take_finished()) {
      KLEIN_TRY(finish(*std::move(part), out));
      if (out.full()) return Progress::more;
    }
    while (calls_->has_room()) {
      const auto part = parts_.next();
      if (!part) break;
      (*part)->call = ++last_call_;
      (*part)->state = RemoteParts::State::given;
      KLEIN_TRY(calls_->give(last_call_, input_->slice((*part)->first, (*part)->count)));
    }
    if (!parts_.empty()) return Progress::pending;
    input_.reset();
    if (parts_.unexplained() && on_error_ == OnError::raise) return *parts_.unexplained();
    return Progress::done;
  }

  /// How many rows a call of `wanted` has, by the last one.
  void learn(const RemoteCalls::Answer& answer) {
    if (answer.lost || answer.error || answer.took <= 0) return;
    if (answer.took < wanted / 2) rows_ = std::min(rows_ * 2, most_rows);
    if (answer.took > wanted * 2) rows_ = std::max<std::int64_t>(rows_ / 2, 1);
  }

  Result<> finish(RemoteParts::Part part, Output& out) {
    if (part.state == RemoteParts::State::made) {
      deaths_ = 0;
      for (auto& batch : part.made) {
        if (batch.rows() > 0) out.emit(KLEIN_TRY(schema_->conform(std::move(batch))));
      }
      return {};
    }
    if (!may_be_a_row(part.error->code())) return *std::move(part.error);
    if (part.deaths > 0 && ++deaths_ >= most_deaths) {
      return std::move(*part.error)
          .while_doing(std::to_string(deaths_) + " rows one after the other end the process, so it is the function");
    }
    return give_up(*input_, {{part.first, *std::move(part.error)}}, on_error_, *context_, out);
  }

  const std::shared_ptr<const Function> function_;
  const std::unique_ptr<RemoteCalls> calls_;
  const OnError on_error_;
  const std::shared_ptr<OutputSchema> schema_;
  const Context* context_ = nullptr;
  std::optional<Batch> input_;
  RemoteParts parts_;
  std::int64_t last_call_ = 0, rows_ = first_rows;
  int deaths_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_remote_step(std::shared_ptr<const Function> function, std::unique_ptr<RemoteCalls> calls,
                                           OnError on_error) {
  return std::make_unique<RemoteStep>(std::move(function), std::move(calls), on_error);
}

bool may_be_a_row(Code code) {
  return code == Code::user || code == Code::invalid || code == Code::not_found || code == Code::corrupt;
}

}  // namespace klein
