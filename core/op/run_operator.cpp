#include "op/run_operator.h"

#include <algorithm>

#include "base/text.h"
#include "op/gathering.h"
#include "op/json_rows.h"

namespace klein {

namespace {

/// Moves what was emitted into the run, and resumes while there is more.
Result<Progress> drained(Result<Progress> progress, Operator& step, Output& out, OperatorRun& run) {
  while (true) {
    if (!progress.ok()) return progress;
    for (auto& [port, batch] : out.emitted())
      (port == Port::errors ? run.errors : run.rows).push_back(std::move(batch));
    out.clear();
    if (*progress == Progress::pending) return Error(Code::internal, "the step waits for something outside");
    if (*progress != Progress::more) return progress;
    progress = step.resume(out);
  }
}

Schemas schemas_of(const std::vector<std::vector<Batch>>& inputs) {
  Schemas schemas;
  for (const auto& batches : inputs) {
    schemas.push_back(batches.empty() ? std::nullopt : std::optional(batches.front().schema()));
  }
  return schemas;
}

/// A batch, in a step of its own.
Result<Progress> take(Operator& step, int port, Batch batch, Output& out, OperatorRun& run) {
  auto taken = drained(step.process(port, std::move(batch), out), step, out, run);
  auto* gathering = dynamic_cast<Gathering*>(&step);
  if (!gathering || !taken.ok() || *taken == Progress::finished) return taken;
  return drained(gathering->end_step(out), step, out, run);
}

Result<> feed(Operator& step, const std::vector<std::vector<Batch>>& inputs, OperatorRun& run) {
  Output out;
  for (std::size_t i = 0, left = 1; left > 0; ++i) {
    left = 0;
    for (std::size_t port = 0; port < inputs.size(); ++port) {
      if (i >= inputs[port].size()) continue;
      ++left;
      if (inputs[port][i].rows() == 0) continue;
      const auto progress = KLEIN_TRY(take(step, static_cast<int>(port), inputs[port][i], out, run));
      run.finished = progress == Progress::finished;
      if (run.finished) return {};
    }
  }
  KLEIN_TRY(drained(step.on_watermark(Watermark::end(), out), step, out, run));
  return {};
}

/// `wanted` (a JSON array, or none) against the rows of `batches`, in any order.
Result<> compare(const std::string& what, const Example& example, const std::string& wanted,
                 const std::vector<Batch>& batches) {
  auto got = KLEIN_TRY(rows_to_json(batches));
  std::vector<std::string> expected;
  const auto parsed = KLEIN_TRY(parse_json(wanted.empty() ? "[]" : wanted));
  for (const auto& row : *parsed.get<Value::List>()) expected.push_back(to_json(row));
  std::sort(got.begin(), got.end());
  std::sort(expected.begin(), expected.end());
  if (example.invariant == "count" ? got.size() == expected.size() : got == expected) return {};
  return Error(Code::internal, "the example " + example.params + " on " + example.in + " gives " + what + " [" +
                                   join(got) + "], not " + wanted);
}

Result<> check_example(const OperatorKind& kind, const Example& example, std::int64_t batch_rows) {
  const auto inputs = KLEIN_TRY(example_inputs(kind, example, batch_rows));
  const auto given = KLEIN_TRY(parse_json(example.params));
  const auto run = KLEIN_TRY(run_operator(kind, *given.get<Value::Map>(), inputs));
  KLEIN_TRY(compare("rows", example, example.out, run.rows));
  return compare("errors", example, example.errors, run.errors);
}

}  // namespace

Result<OperatorRun> run_operator(const OperatorKind& kind, const Value::Map& params,
                                 const std::vector<std::vector<Batch>>& inputs) {
  const auto checked = KLEIN_TRY(Params::make(kind.params, params));
  const auto schemas = schemas_of(inputs);
  const auto schema = KLEIN_TRY(kind.schema(checked, schemas));
  const auto step = KLEIN_TRY(kind.make(checked, schemas));
  OperatorRun run;
  const SteadyClock clock;
  const Context context{.step = kind.name, .clock = &clock, .waker = {}, .rows_failed = &run.rows_failed};
  KLEIN_TRY(step->open(context));
  KLEIN_TRY(feed(*step, inputs, run));
  for (const auto& batch : run.rows) {
    if (!schema || batch.schema() == *schema) continue;
    return Error(Code::internal,
                 kind.name + " promised columns (" + schema->text() + ") and gave (" + batch.schema().text() + ")");
  }
  return run;
}

Result<std::vector<std::vector<Batch>>> example_inputs(const OperatorKind& kind, const Example& example,
                                                       std::int64_t batch_rows) {
  std::vector<std::string> rows;
  if (kind.inputs == 1) {
    rows.push_back(example.in);
  } else {
    const auto parsed = KLEIN_TRY(parse_json(example.in));
    for (const auto& input : *parsed.get<Value::List>()) rows.push_back(to_json(input));
  }
  std::vector<std::vector<Batch>> inputs;
  for (const auto& input : rows) {
    const auto batch = KLEIN_TRY(rows_from_json(input, example.types));
    auto& batches = inputs.emplace_back();
    if (batch.rows() == 0) batches.push_back(batch);
    for (std::int64_t first = 0; first < batch.rows(); first += batch_rows) {
      batches.push_back(batch.slice(first, std::min(batch_rows, batch.rows() - first)));
    }
  }
  return inputs;
}

Result<> check_examples(const OperatorKind& kind) {
  for (const auto& example : kind.examples) {
    KLEIN_TRY(check_example(kind, example, 1 << 16));
    KLEIN_TRY(check_example(kind, example, 1));
  }
  return {};
}

}  // namespace klein
