// read_json, write_json: JSON Lines, an object a row. Arrow parses a block of lines at a time.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "connectors/file_sink.h"
#include "connectors/line_files.h"
#include "connectors/text_output.h"
#include "data/json_objects.h"
#include "data/json_text.h"
#include "op/json_rows.h"
#include "op/registry.h"

namespace klein {

namespace {

const std::vector<std::string> extensions = {"json", "jsonl", "ndjson"};

/// The first line that is wrong by itself; else what is wrong with all of them together.
Error wrong_line(std::string_view block, const std::shared_ptr<arrow::Schema>& schema, const BlockPlace& place,
                 Error together) {
  std::int64_t row = place.first_row;
  for (std::size_t begin = 0, end = 0; begin < block.size(); begin = end + 1) {
    end = std::min(block.find('\n', begin), block.size());
    const auto line = block.substr(begin, end - begin);
    if (is_blank(line)) continue;
    if (!is_utf8(line)) return Error(Code::corrupt, "the line is not UTF-8").at_row(place.row(row));
    auto parsed = parse_json_objects(line, schema);
    if (!parsed.ok()) return std::move(parsed).error().at_row(place.row(row));
    ++row;
  }
  return together;
}

Result<std::shared_ptr<arrow::RecordBatch>> parse_lines(
    std::string_view block, const std::shared_ptr<arrow::Schema>& schema, const BlockPlace& place) {
  if (!is_utf8(block)) return wrong_line(block, schema, place, Error(Code::corrupt, "a line is not UTF-8"));
  auto parsed = parse_json_objects(block, schema);
  if (!parsed.ok()) return wrong_line(block, schema, place, std::move(parsed).error());
  return parsed;
}

class JsonRows final : public BlockRows {
 public:
  explicit JsonRows(Schema schema) : schema_(std::move(schema)) {}
  Schema schema() const override { return schema_; }
  Result<std::shared_ptr<arrow::RecordBatch>> parse(std::string_view block, const BlockPlace& place) const override {
    if (is_blank(block)) return KLEIN_ARROW(arrow::RecordBatch::MakeEmpty(schema_.arrow()));
    return parse_lines(block, schema_.arrow(), place);
  }

 private:
  const Schema schema_;
};

Result<std::shared_ptr<const BlockRows>> json_rows(const Params& params, const BlockSample& sample) {
  if (!params.is_null("schema")) {
    const auto schema = KLEIN_TRY(rows_from_json("[]", params.string("schema"))).schema();
    if (schema.columns() == 0) return Error(Code::invalid, "the schema names no column");
    return std::make_shared<const JsonRows>(schema);
  }
  const auto block = KLEIN_TRY(sample());
  if (is_blank(block)) {
    return Error(Code::invalid, "no file holds a row, so the columns can't be known; give schema=");
  }
  const auto parsed = KLEIN_TRY(parse_lines(block, nullptr, BlockPlace{}));
  return std::make_shared<const JsonRows>(Schema(parsed->schema()));
}

class JsonFormat final : public TextFormat {
 public:
  Result<> check(const Schema& schema) const override { return check_json_text(schema); }
  Result<> append(const Batch& batch, std::string& text) const override { return append_json_lines(batch, text); }
};

std::vector<Param> read_params() {
  auto params = line_file_params(extensions);
  params.push_back({.name = "schema",
                    .type = ParamType::string,
                    .doc = "The columns, such as \"id: int64, name: string\": others are passed over, and what a row "
                           "lacks is null. By default what the first block of the first file with a row shows, which "
                           "the rest must fit.",
                    .fallback = Value(),
                    .keyword_only = true});
  return params;
}

}  // namespace

void register_json(Registry& registry) {
  registry.add(SourceKind{
      .name = "read_json",
      .doc = "Rows of JSON Lines files, an object a line. Files that end in .gz or .zst are decompressed.",
      .params = read_params(),
      .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
        return make_line_source(
            params, extensions, {.make_rows = [&](const BlockSample& sample) { return json_rows(params, sample); }});
      }});
  registry.add(SinkKind{
      .name = "write_json",
      .doc = "Write rows into JSON Lines files, exactly once: an object a line. Times are in ISO 8601, tensors are "
             "lists within lists; a number that is not finite is null.",
      .params = file_params("json", {}),
      .make = [](const Params& params) -> Result<std::unique_ptr<Sink>> {
        return make_file_sink(
            params.string("path"), KLEIN_TRY(FileOptions::make(params, "json")), std::make_shared<const JsonFormat>());
      },
      .committer = [](Store*) -> Result<std::unique_ptr<Committer>> { return make_file_committer(); }});
}

}  // namespace klein
