// read_text, write_text: a line is a row.

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "connectors/file_sink.h"
#include "connectors/line_files.h"
#include "connectors/text_output.h"
#include "data/json_objects.h"
#include "op/registry.h"

namespace klein {

namespace {

const Schema& line_schema() {
  static const Schema schema(arrow::schema({arrow::field("line", arrow::utf8(), /*nullable=*/false)}));
  return schema;
}

class LineRows final : public BlockRows {
 public:
  Schema schema() const override { return line_schema(); }
  Result<std::shared_ptr<arrow::RecordBatch>> parse(std::string_view block, const BlockPlace& place) const override {
    arrow::StringBuilder lines;
    std::int64_t number = place.first_row;
    for (std::size_t begin = 0; begin < block.size(); ++number) {
      auto end = std::min(block.find('\n', begin), block.size());
      auto line = block.substr(begin, end - begin);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (!is_utf8(line)) {
        return Error(Code::corrupt, "the line is not UTF-8; read such files with read_binary")
            .at_row(place.row(number));
      }
      KLEIN_ARROW_OK(lines.Append(line));
      begin = end + 1;
    }
    const auto count = lines.length();
    return arrow::RecordBatch::Make(line_schema().arrow(), count, {KLEIN_ARROW(lines.Finish())});
  }
};

/// The one column whose values are the lines.
class LineFormat final : public TextFormat {
 public:
  explicit LineFormat(std::string column) : column_(std::move(column)) {}
  Result<> check(const Schema& schema) const override {
    const auto type = KLEIN_TRY(schema.type(column_));
    if (type->id() == arrow::Type::STRING) return {};
    return Error(Code::invalid, "write_text writes a column of text; '" + column_ + "' is " + text(*type));
  }
  Result<> append(const Batch& batch, std::string& text) const override {
    KLEIN_TRY(check(batch.schema()));
    const auto column = batch.columns()->GetColumnByName(column_);
    const auto& lines = static_cast<const arrow::StringArray&>(*column);
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      const auto line = lines.IsNull(row) ? std::string_view("\n") : lines.GetView(row);
      if (line.find('\n') != std::string_view::npos) {
        return Error(Code::invalid, "write_text can't write a row that is null or has a line break in '" + column_ +
                                        "'; drop or change it first")
            .at_row(batch.row_id(row));
      }
      (text += line) += '\n';
    }
    return {};
  }

 private:
  const std::string column_;
};

}  // namespace

void register_text(Registry& registry) {
  registry.add(SourceKind{
      .name = "read_text",
      .doc = "Lines of text files, a row each, in the column `line`. Files that end in .gz or .zst are decompressed.",
      .params = line_file_params({"txt", "text", "log"}),
      .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
        return make_line_source(params, {"txt", "text", "log"},
                                {.make_rows = [](const BlockSample&) -> Result<std::shared_ptr<const BlockRows>> {
                                  return std::make_shared<const LineRows>();
                                }});
      }});
  registry.add(SinkKind{
      .name = "write_text",
      .doc = "Write one column of text into files of lines, exactly once.",
      .params = file_params("txt", {{.name = "column",
                                     .type = ParamType::string,
                                     .doc = "The column whose values are the lines.",
                                     .fallback = "line",
                                     .keyword_only = true}}),
      .make = [](const Params& params) -> Result<std::unique_ptr<Sink>> {
        return make_file_sink(params.string("path"), KLEIN_TRY(FileOptions::make(params, "txt")),
                              std::make_shared<const LineFormat>(params.string("column")));
      },
      .committer = [](Store*) -> Result<std::unique_ptr<Committer>> { return make_file_committer(); }});
}

}  // namespace klein
