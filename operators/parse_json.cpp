// parse_json: an object of JSON in a column becomes columns. Where a column's type is one that Klein's decoder has no
// way for, Arrow parses all objects of a batch together, and where one is wrong each alone, to find it.

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/json_decoder.h"
#include "data/json_objects.h"
#include "op/by_schema.h"
#include "op/dead_letter.h"
#include "op/json_rows.h"
#include "op/registry.h"
#include "operators/parsed_column.h"

namespace klein {

namespace {

Error no_object(std::string_view value) {
  if (!is_utf8(value)) return Error(Code::corrupt, "it is not UTF-8");
  return Error(Code::corrupt, "it is no object of JSON, {...}, and nothing else");
}

class ParseJson final : public Operator {
 public:
  ParseJson(std::string column, Schema schema, OnError on_error)
      : column_(std::move(column)),
        schema_(std::move(schema)),
        on_error_(on_error),
        decoder_(JsonDecoder::make(schema_.arrow())) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto* place =
        KLEIN_TRY(places_.get(batch, [&](const Schema& input) { return ParsedColumn::make(input, column_, schema_); }));
    const auto values = place->of(batch);
    std::vector<std::int64_t> good;
    std::vector<Failure> failures;
    const auto columns = KLEIN_TRY(decoder_ ? decoded(*values, good, failures) : parsed(*values, good, failures));
    if (columns->num_rows() != static_cast<std::int64_t>(good.size()))
      return Error(Code::internal, "as many objects as rows were expected");
    KLEIN_TRY(give_up(batch, failures, on_error_, *context_, out));
    out.emit(KLEIN_TRY(place->replaced(batch, good, *columns)));
    return Progress::done;
  }

 private:
  using Columns = std::shared_ptr<arrow::RecordBatch>;

  Result<Columns> decoded(const arrow::BinaryArray& values, std::vector<std::int64_t>& good,
                          std::vector<Failure>& failures) {
    for (std::int64_t row = 0; row < values.length(); ++row) {
      auto added = values.IsNull(row) ? Error(Code::corrupt, "it is null") : decoder_->add(values.GetView(row));
      if (added.ok()) good.push_back(row);
      if (!added.ok()) failures.push_back({row, std::move(added).error()});
    }
    return decoder_->finish();
  }

  Result<Columns> parsed(const arrow::BinaryArray& values, std::vector<std::int64_t>& good,
                         std::vector<Failure>& failures) const {
    std::string objects;
    for (std::int64_t row = 0; row < values.length(); ++row) add(values, row, objects, good, failures);
    auto columns = parse_json_objects(objects, schema_.arrow());
    if (columns.ok()) return columns;
    objects = parse_each(values, good, failures);
    return parse_json_objects(objects, schema_.arrow());
  }

  static void add(const arrow::BinaryArray& values, std::int64_t row, std::string& objects,
                  std::vector<std::int64_t>& good, std::vector<Failure>& failures) {
    if (values.IsNull(row)) return failures.push_back({row, Error(Code::corrupt, "it is null")});
    const auto value = values.GetView(row);
    if (!is_one_json_object(value) || !is_utf8(value)) return failures.push_back({row, no_object(value)});
    (objects += value) += '\n';
    good.push_back(row);
  }

  /// The objects that are right, each tried alone; the others are failures.
  std::string parse_each(const arrow::BinaryArray& values, std::vector<std::int64_t>& good,
                         std::vector<Failure>& failures) const {
    std::string objects;
    std::erase_if(good, [&](std::int64_t row) {
      const auto parsed = parse_json_objects(values.GetView(row), schema_.arrow());
      if (!parsed.ok()) failures.push_back({row, parsed.error()});
      if (parsed.ok()) (objects += values.GetView(row)) += '\n';
      return !parsed.ok();
    });
    std::sort(failures.begin(), failures.end(), [](const Failure& a, const Failure& b) { return a.row < b.row; });
    return objects;
  }

  const std::string column_;
  const Schema schema_;
  const OnError on_error_;
  std::optional<JsonDecoder> decoder_;  // it holds nothing between two batches
  const Context* context_ = nullptr;
  BySchema<ParsedColumn> places_;
};

Result<Schema> schema_in(const Params& params) {
  const auto schema = KLEIN_TRY(rows_from_json("[]", params.string("schema"))).schema();
  if (schema.columns() == 0) return Error(Code::invalid, "the schema names no column");
  return schema;
}

}  // namespace

void register_parse_json(Registry& registry) {
  registry.add(OperatorKind{
      .name = "parse_json",
      .doc = "Make columns of the JSON object that a column of text or bytes holds; they stand in its place.",
      .params = {{.name = "column", .type = ParamType::string, .doc = "The column that holds objects."},
                 {.name = "schema",
                  .type = ParamType::string,
                  .doc = "The columns that they become, such as \"id: int64, name: string\": other names are passed "
                         "over, and what an object lacks is null."},
                 on_error_param()},
      .examples = {{.params = R"({"column": "value", "schema": "id: int64, name: string", "on_error": "skip"})",
                    .in = R"([{"at": 1, "value": "{\"id\": 7, \"name\": \"a\", \"more\": [1]}"},
                              {"at": 2, "value": "{}"}, {"at": 3, "value": "[]"}])",
                    .out = R"([{"at": 1, "id": 7, "name": "a"}, {"at": 2, "id": null, "name": null}])"}},
      .ports = {Port::main, Port::errors},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        const auto schema = KLEIN_TRY(schema_in(params));
        if (!inputs.front()) return std::optional<Schema>();
        return std::optional(KLEIN_TRY(ParsedColumn::make(*inputs.front(), params.string("column"), schema)).output());
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<ParseJson>(params.string("column"), KLEIN_TRY(schema_in(params)), on_error(params));
      }});
}

}  // namespace klein
