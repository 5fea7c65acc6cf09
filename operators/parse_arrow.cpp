// parse_arrow: a stream of Arrow's in a column, with its own schema, becomes rows.

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "op/by_schema.h"
#include "op/dead_letter.h"
#include "op/json_rows.h"
#include "op/registry.h"
#include "operators/parsed_column.h"

namespace klein {

namespace {

/// The stream's batches. Values lie in a column wherever they do, and Arrow's are to lie well.
Result<std::vector<Batch>> read_stream(const std::shared_ptr<arrow::Buffer>& bytes) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  const auto stream = std::make_shared<arrow::io::BufferReader>(bytes);
  const auto reader = arrow::ipc::RecordBatchStreamReader::Open(stream, options);
  if (!reader.ok()) return Error(Code::corrupt, "it is no stream of Arrow's: " + reader.status().message());
  std::vector<Batch> batches{Batch(KLEIN_ARROW(arrow::RecordBatch::MakeEmpty((*reader)->schema())))};
  while (true) {
    const auto read = (*reader)->Next();
    if (!read.ok()) return Error(Code::corrupt, "its stream of Arrow's is damaged: " + read.status().message());
    if (!*read) return batches;
    const auto valid = (*read)->ValidateFull();
    if (!valid.ok()) return Error(Code::corrupt, "its stream of Arrow's is damaged: " + valid.message());
    batches.emplace_back(*read);
  }
}

class ParseArrow final : public Operator {
 public:
  ParseArrow(std::string column, std::optional<Schema> schema, OnError on_error)
      : column_(std::move(column)), schema_(std::move(schema)), on_error_(on_error) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    std::vector<std::int64_t> origin;
    std::vector<Failure> failures;
    std::vector<Batch> parsed;
    const auto values = KLEIN_TRY(ParsedColumn::make(batch.schema(), column_, Schema())).of(batch);
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      auto stream = rows_of(*values, row);
      if (!stream.ok()) {
        failures.push_back({row, std::move(stream).error()});
        continue;
      }
      for (auto& rows : *stream) {
        origin.insert(origin.end(), static_cast<std::size_t>(rows.rows()), row);
        parsed.push_back(std::move(rows));
      }
    }
    KLEIN_TRY(give_up(batch, failures, on_error_, *context_, out));
    if (!origin.empty()) out.emit(KLEIN_TRY(replaced(batch, origin, parsed)));
    return Progress::done;
  }

 private:
  Result<std::vector<Batch>> rows_of(const arrow::BinaryArray& values, std::int64_t row) {
    if (values.IsNull(row)) return Error(Code::corrupt, "it is null");
    const auto bytes = arrow::SliceBuffer(values.value_data(), values.value_offset(row), values.value_length(row));
    auto batches = KLEIN_TRY(read_stream(bytes));
    if (!schema_) schema_ = batches.front().schema();
    if (!(batches.front().schema() == *schema_)) {
      return Error(Code::corrupt,
                   "its columns are " + batches.front().schema().text() + "; those of others are " + schema_->text());
    }
    return batches;
  }

  Result<Batch> replaced(const Batch& batch, const std::vector<std::int64_t>& origin,
                         const std::vector<Batch>& parsed) {
    const auto* place = KLEIN_TRY(
        places_.get(batch, [&](const Schema& input) { return ParsedColumn::make(input, column_, *schema_); }));
    return place->replaced(batch, origin, *KLEIN_TRY(concatenate(parsed)).columns());
  }

  const std::string column_;
  std::optional<Schema> schema_;  // of all streams; the first one's where it was not given
  const OnError on_error_;
  const Context* context_ = nullptr;
  BySchema<ParsedColumn> places_;
};

Result<std::optional<Schema>> schema_in(const Params& params) {
  if (params.is_null("schema")) return std::optional<Schema>();
  const auto schema = KLEIN_TRY(rows_from_json("[]", params.string("schema"))).schema();
  if (schema.columns() == 0) return Error(Code::invalid, "the schema names no column");
  return std::optional(schema);
}

}  // namespace

void register_parse_arrow(Registry& registry) {
  registry.add(OperatorKind{
      .name = "parse_arrow",
      .doc = "Make rows of the stream of Arrow's (its IPC format, with its schema) that a column of bytes holds; its "
             "columns stand in that one's place, and the others are repeated.",
      .params = {{.name = "column", .type = ParamType::string, .doc = "The column that holds streams."},
                 {.name = "schema",
                  .type = ParamType::string,
                  .doc = "The columns that they have, such as \"id: int64, name: string\", where it is to be known "
                         "before the first comes; by default those of the first.",
                  .fallback = Value(),
                  .keyword_only = true},
                 on_error_param()},
      .examples =
          {{.params = R"({"column": "value", "on_error": "skip"})", .in = R"([{"value": "no stream"}])", .out = "[]"}},
      .ports = {Port::main, Port::errors},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        const auto schema = KLEIN_TRY(schema_in(params));
        if (!inputs.front()) return std::optional<Schema>();
        auto made = KLEIN_TRY(ParsedColumn::make(*inputs.front(), params.string("column"), schema.value_or(Schema())));
        return schema ? std::optional(made.output()) : std::optional<Schema>();
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<ParseArrow>(params.string("column"), KLEIN_TRY(schema_in(params)), on_error(params));
      }});
}

}  // namespace klein
