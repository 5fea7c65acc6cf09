// read_csv, write_csv: rows of fields between delimiters. Arrow parses a block of whole records at a time.

#include <arrow/buffer.h>
#include <arrow/csv/options.h>
#include <arrow/csv/reader.h>
#include <arrow/csv/writer.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>

#include "base/text.h"
#include "connectors/file_sink.h"
#include "connectors/line_files.h"
#include "connectors/text_output.h"
#include "op/json_rows.h"
#include "op/registry.h"

namespace klein {

namespace {

const std::vector<std::string> extensions = {"csv", "tsv"};

struct CsvOptions {
  bool header = true;
  char delimiter = ',';
  std::string null;

  static Result<CsvOptions> make(const Params& params) {
    const auto& delimiter = params.string("delimiter");
    if (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n" || delimiter == "\r")
      return Error(Code::invalid, "delimiter is one character, no quote and no line break: '" + delimiter + "'");
    return CsvOptions{params.boolean("header"), delimiter.front(), params.string("null")};
  }
};

/// Arrow says "Row #17: what is wrong": the block's own count, from 1.
Error wrong_record(std::string message, const BlockPlace& place) {
  for (const std::string_view words : {"CSV parse error: ", "CSV conversion error to "}) {
    if (const auto found = message.find(words); found != std::string::npos) message.erase(found, words.size());
  }
  const auto mark = message.find("Row #");
  const auto end = message.find(": ", mark);
  if (place.split.empty() || mark == std::string::npos || end == std::string::npos)
    return Error(Code::corrupt, "this is no CSV of the columns' types: " + message);
  const auto number = std::strtoll(message.c_str() + mark + 5, nullptr, 10);
  message.erase(mark, end + 2 - mark);
  return Error(Code::corrupt, "this is no CSV of the columns' types: " + message +
                                  "; mend the file, or give schema= with types that hold all values")
      .at_row(place.row(place.first_row + number - 1));
}

/// `names` and `schema` are empty where the block's first record says the names, and its values the types.
Result<std::shared_ptr<arrow::Table>> parse_block(std::string_view block, const CsvOptions& options,
                                                  const std::vector<std::string>& names, const Schema* schema,
                                                  const BlockPlace& place) {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;
  read.block_size = static_cast<std::int32_t>(std::max<std::size_t>(block.size(), 1));
  read.column_names = names;
  read.autogenerate_column_names = names.empty() && !options.header;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.delimiter = options.delimiter;
  parse.newlines_in_values = block.find('"') != std::string_view::npos;  // costs time where there are none
  auto convert = arrow::csv::ConvertOptions::Defaults();
  convert.null_values = {options.null};
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  if (schema) {
    for (const auto& field : schema->arrow()->fields()) convert.column_types[field->name()] = field->type();
    convert.include_columns = schema->names();
  }
  const auto input = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(block));
  const auto reader =
      KLEIN_ARROW(arrow::csv::TableReader::Make(arrow::io::default_io_context(), input, read, parse, convert));
  auto table = reader->Read();
  if (!table.ok()) return wrong_record(table.status().message(), names.empty() ? BlockPlace{} : place);
  for (const auto& field : (*table)->schema()->fields()) {
    if (schema || field->type()->id() != arrow::Type::BINARY) continue;
    return Error(Code::corrupt, "the column '" + field->name() + "' holds text that is not UTF-8; convert the file, " +
                                    "or read the column as bytes with schema=\"" + field->name() + ": binary, ...\"");
  }
  return *table;
}

/// Refuses a file whose columns lack one of the schema, or have one of it twice.
Result<> check_has(const std::vector<std::string>& names, const Schema& schema) {
  for (const auto& name : schema.names()) {
    const auto count = std::count(names.begin(), names.end(), name);
    if (count == 1) continue;
    const std::string_view what = count == 0 ? "has no column '" : "has more than one column '";
    return Error(
        Code::invalid, "the file " + std::string(what) + name + "', which is to be read; it has " + join(names));
  }
  return {};
}

class CsvRows final : public BlockRows {
 public:
  CsvRows(CsvOptions options, std::vector<std::string> names, Schema schema)
      : options_(options), names_(std::move(names)), schema_(std::move(schema)) {}
  Schema schema() const override { return schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> parse(std::string_view block, const BlockPlace& place) const override {
    if (is_blank(block)) return KLEIN_ARROW(arrow::RecordBatch::MakeEmpty(schema_.arrow()));
    const auto table = KLEIN_TRY(parse_block(block, options_, names_, &schema_, place));
    const auto chosen = KLEIN_ARROW(table->SelectColumns(places(*table)));
    return KLEIN_ARROW(chosen->CombineChunksToBatch());
  }

  Result<std::shared_ptr<const BlockRows>> under(const std::string& header) const override {
    if (header.empty()) return nullptr;
    auto names = KLEIN_TRY(parse_block(header, options_, {}, nullptr, BlockPlace{}))->schema()->field_names();
    KLEIN_TRY(check_has(names, schema_));
    return std::make_shared<const CsvRows>(options_, std::move(names), schema_);
  }

 private:
  std::vector<int> places(const arrow::Table& table) const {
    std::vector<int> all;
    for (const auto& name : schema_.names()) all.push_back(table.schema()->GetFieldIndex(name));
    return all;
  }
  const CsvOptions options_;
  const std::vector<std::string> names_;  // of the file's columns
  const Schema schema_;
};

Result<std::shared_ptr<const BlockRows>> csv_rows(const Params& params, const BlockSample& sample) {
  const auto options = KLEIN_TRY(CsvOptions::make(params));
  const auto block = KLEIN_TRY(sample());
  if (is_blank(block) && params.is_null("schema"))
    return Error(Code::invalid, "no file holds a record, so the columns can't be known; give schema=");
  if (is_blank(block)) {
    const auto schema = KLEIN_TRY(rows_from_json("[]", params.string("schema"))).schema();
    return std::make_shared<const CsvRows>(options, schema.names(), schema);
  }
  const auto first = KLEIN_TRY(parse_block(block, options, {}, nullptr, BlockPlace{}));
  auto names = first->schema()->field_names();
  auto schema = Schema(first->schema());
  if (!params.is_null("schema")) schema = KLEIN_TRY(rows_from_json("[]", params.string("schema"))).schema();
  if (!options.header && schema.columns() == static_cast<int>(names.size())) names = schema.names();
  KLEIN_TRY(check_has(names, schema));
  return std::make_shared<const CsvRows>(options, names, schema);
}

class CsvFormat final : public TextFormat {
 public:
  explicit CsvFormat(CsvOptions options) : options_(std::move(options)) {}
  Result<> check(const Schema& schema) const override {
    for (const auto& field : schema.arrow()->fields()) {
      const auto& type = *field->type();
      if (!arrow::is_nested(type.id()) && type.id() != arrow::Type::EXTENSION && !arrow::is_binary_like(type.id()))
        continue;
      if (type.id() == arrow::Type::STRING) continue;
      return Error(Code::invalid, "CSV has no form for the column '" + field->name() + "' of type " + text(type) +
                                      "; drop it, or write Parquet");
    }
    return {};
  }
  Result<std::string> header(const Schema& schema) const override {
    if (!options_.header) return std::string();
    const auto none = KLEIN_ARROW(arrow::RecordBatch::MakeEmpty(schema.arrow()));
    return write(*none, true);
  }
  Result<> append(const Batch& batch, std::string& text) const override {
    text += KLEIN_TRY(write(*batch.columns(), false));
    return {};
  }

 private:
  Result<std::string> write(const arrow::RecordBatch& rows, bool header) const {
    auto options = arrow::csv::WriteOptions::Defaults();
    options.include_header = header;
    options.delimiter = options_.delimiter;
    options.null_string = options_.null;
    const auto stream = KLEIN_ARROW(arrow::io::BufferOutputStream::Create());
    KLEIN_ARROW_OK(arrow::csv::WriteCSV(rows, options, stream.get()));
    return KLEIN_ARROW(stream->Finish())->ToString();
  }
  const CsvOptions options_;
};

std::vector<Param> csv_params() {
  return {{.name = "header",
           .type = ParamType::boolean,
           .doc = "Whether a file's first record holds the columns' names; else they are f0, f1 and so on.",
           .fallback = true,
           .keyword_only = true},
          {.name = "delimiter",
           .type = ParamType::string,
           .doc = "What stands between two fields.",
           .fallback = ",",
           .keyword_only = true},
          {.name = "null",
           .type = ParamType::string,
           .doc = "How a null is written, without quotes.",
           .fallback = "",
           .keyword_only = true}};
}

std::vector<Param> read_params() {
  auto params = line_file_params(extensions);
  for (auto& param : csv_params()) params.push_back(std::move(param));
  params.push_back({.name = "schema",
                    .type = ParamType::string,
                    .doc = "The columns to read and their types, such as \"id: int64, name: string\"; by default what "
                           "the first block of the first file with a row shows, which the rest must fit.",
                    .fallback = Value(),
                    .keyword_only = true});
  return params;
}

}  // namespace

void register_csv(Registry& registry) {
  registry.add(SourceKind{
      .name = "read_csv",
      .doc = "Rows of CSV files. Files that end in .gz or .zst are decompressed.",
      .params = read_params(),
      .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
        return make_line_source(
            params, extensions,
            {.delimiter = params.string("delimiter").empty() ? ',' : params.string("delimiter").front(),
             .header = params.boolean("header"),
             .make_rows = [&](const BlockSample& sample) { return csv_rows(params, sample); }});
      }});
  registry.add(SinkKind{
      .name = "write_csv",
      .doc = "Write rows into CSV files, exactly once.",
      .params = file_params("csv", csv_params()),
      .make = [](const Params& params) -> Result<std::unique_ptr<Sink>> {
        return make_file_sink(params.string("path"), KLEIN_TRY(FileOptions::make(params, "csv")),
                              std::make_shared<const CsvFormat>(KLEIN_TRY(CsvOptions::make(params))));
      },
      .committer = [](Store*) -> Result<std::unique_ptr<Committer>> { return make_file_committer(); }});
}

}  // namespace klein
