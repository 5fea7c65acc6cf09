#include "op/dead_letter.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>

namespace klein {

namespace {

constexpr std::array<std::string_view, 4> added = {"error", "error_code", "error_step", "error_row"};

bool is_added(const std::string& column) { return std::find(added.begin(), added.end(), column) != added.end(); }

Result<std::shared_ptr<arrow::Array>> strings(const std::vector<std::string>& values) {
  arrow::StringBuilder builder;
  KLEIN_ARROW_OK(builder.AppendValues(values));
  return KLEIN_ARROW(builder.Finish());
}

/// The failed rows with what went wrong behind them. A column that an earlier dead letter left gives way to the new
/// one.
Result<Batch> letters(const Batch& batch, const std::vector<Failure>& failures, const Context& context) {
  std::vector<std::int64_t> rows;
  std::array<std::vector<std::string>, added.size()> texts;
  for (const auto& [row, error] : failures) {
    rows.push_back(row);
    texts[0].push_back(error.message());
    texts[1].emplace_back(to_string(error.code()));
    texts[2].push_back(error.step().empty() ? context.step : error.step());
    texts[3].push_back(batch.row_id(row));
  }
  const auto failed = KLEIN_TRY(batch.pick(rows));
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (int i = 0; i < failed.columns()->num_columns(); ++i) {
    if (!is_added(failed.columns()->column_name(i))) columns.push_back(failed.columns()->column(i));
  }
  for (const auto& text : texts) columns.push_back(KLEIN_TRY(strings(text)));
  const auto schema = dead_letter_schema(batch.schema());
  return failed.with(arrow::RecordBatch::Make(schema.arrow(), failed.rows(), std::move(columns)));
}

}  // namespace

Param on_error_param() {
  return {.name = "on_error",
          .type = ParamType::string,
          .doc =
              "What happens to a row that fails: \"raise\" ends the job and names the row, \"skip\" drops and counts "
              "it, \"dead_letter\" sends it with its error to the errors output.",
          .fallback = Value("raise"),
          .choices = {"raise", "skip", "dead_letter"},
          .keyword_only = true};
}

OnError on_error(const Params& params) {
  const auto& mode = params.string("on_error");
  return mode == "raise" ? OnError::raise : mode == "skip" ? OnError::skip : OnError::dead_letter;
}

Result<> give_up(const Batch& batch, const std::vector<Failure>& failures, OnError mode, const Context& context,
                 Output& out) {
  if (failures.empty()) return {};
  if (mode == OnError::raise) {
    const auto& first = failures.front();
    return Error(first.error).at_row(batch.row_id(first.row));
  }
  if (context.rows_failed) *context.rows_failed += static_cast<std::int64_t>(failures.size());
  if (mode == OnError::dead_letter) out.emit(KLEIN_TRY(letters(batch, failures, context)), Port::errors);
  return {};
}

Schema dead_letter_schema(const Schema& input) {
  arrow::FieldVector fields;
  for (const auto& field : input.arrow()->fields()) {
    if (!is_added(field->name())) fields.push_back(field);
  }
  for (const auto name : added) fields.push_back(arrow::field(std::string(name), arrow::utf8()));
  return Schema(arrow::schema(std::move(fields)));
}

}  // namespace klein
