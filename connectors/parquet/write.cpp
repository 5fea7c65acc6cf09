// write_parquet: what a Parquet file is, for FileSink. A file's row groups are closed by rows or bytes, so that a
// writer's memory is bounded. A file can't be cut before its footer: where files roll over epochs, rows are logged, and
// the file is formed from the log once it is complete.

#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>

#include "base/value.h"
#include "connectors/file_sink.h"
#include "connectors/parquet/plugin.h"
#include "connectors/row_log.h"

namespace klein {

namespace {

struct Options {
  std::string compression;
  std::int64_t group_rows = 0, group_bytes = 0;

  /// As a log of rows notes them, so that whoever forms the file later writes it as it was asked for.
  std::string text() const {
    return to_json(
        Value::Map{{"compression", compression}, {"row_group_rows", group_rows}, {"row_group_bytes", group_bytes}});
  }
  static Result<Options> from_text(const std::string& text) {
    const auto tree = KLEIN_TRY(parse_json(text));
    const auto* compression = tree.find("compression");
    const auto *rows = tree.find("row_group_rows"), *bytes = tree.find("row_group_bytes");
    if (!compression || !compression->get<std::string>() || !rows || !rows->get<std::int64_t>() || !bytes ||
        !bytes->get<std::int64_t>()) {
      return Error(Code::corrupt, "a log of rows does not say how its file is to be written");
    }
    return Options{*compression->get<std::string>(), *rows->get<std::int64_t>(), *bytes->get<std::int64_t>()};
  }
};

/// Values of this mean size repeat too seldom for a dictionary to pay.
constexpr std::int64_t long_value = 512;

parquet::Compression::type codec(const std::string& name) {
  if (name == "snappy") return parquet::Compression::SNAPPY;
  if (name == "lz4") return parquet::Compression::LZ4;
  if (name == "gzip") return parquet::Compression::GZIP;
  if (name == "none") return parquet::Compression::UNCOMPRESSED;
  return parquet::Compression::ZSTD;
}

Result<Options> read_options(const Params& params) {
  Options options{.compression = params.string("compression")};
  for (const auto& [name, size] :
       {std::pair("row_group_rows", &options.group_rows), std::pair("row_group_bytes", &options.group_bytes)}) {
    *size = params.int64(name);
    if (*size < 1) return Error(Code::invalid, std::string(name) + " must be at least 1: " + std::to_string(*size));
  }
  return options;
}

/// Every part of a type has had a value, or else is declared.
bool typed(const arrow::DataType& type) {
  return type.id() != arrow::Type::NA && std::all_of(type.fields().begin(), type.fields().end(), [](const auto& field) {
           return typed(*field->type());
         });
}

/// Columns for which a dictionary is not tried: floating point, and values that are long in the rows at hand.
std::shared_ptr<parquet::WriterProperties> properties_for(const arrow::Schema& schema, const Options& options,
                                                          const Batch* sample) {
  parquet::WriterProperties::Builder builder;
  builder.compression(codec(options.compression))->max_row_group_length(options.group_rows)->created_by("klein");
  std::shared_ptr<parquet::SchemaDescriptor> parquet_schema;
  const auto status = parquet::arrow::ToParquetSchema(
      &schema, *builder.build(), *parquet::default_arrow_writer_properties(), &parquet_schema);
  if (!status.ok()) return builder.build();
  for (int leaf = 0; leaf < parquet_schema->num_columns(); ++leaf) {
    const auto* column = parquet_schema->Column(leaf);
    const auto type = column->physical_type();
    const auto place = schema.GetFieldIndex(column->path()->ToDotVector().front());
    bool plain = type == parquet::Type::FLOAT || type == parquet::Type::DOUBLE;
    if (type == parquet::Type::BYTE_ARRAY && sample && sample->rows() > 0 && place >= 0) {
      const auto alone = sample->with(arrow::RecordBatch::Make(
          arrow::schema({schema.field(place)}), sample->rows(), {sample->columns()->column(place)}));
      plain = alone.bytes() / alone.rows() > long_value;
    }
    if (plain) builder.disable_dictionary(column->path());
  }
  return builder.build();
}

/// Calls what calls the Parquet library, which throws.
template <typename Call>
auto guarded(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& failure) {
    return Error(Code::io, failure.what());
  }
}

class ParquetOutput final : public OutputFile {
 public:
  explicit ParquetOutput(Options options) : options_(std::move(options)) {}

  Result<> open(const std::string& path, const Schema& schema, const Batch* sample) {
    return guarded([&]() -> Result<> {
      stream_ = KLEIN_ARROW(arrow::io::FileOutputStream::Open(path));
      static const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
      writer_ = KLEIN_ARROW(parquet::arrow::FileWriter::Open(
          *schema.arrow(), arrow::default_memory_pool(), stream_, properties_for(*schema.arrow(), options_, sample),
          arrow_properties));
      return {};
    });
  }

  /// Takes rows of at most about a row group's bytes.
  Result<> write(const Batch& batch) override {
    return guarded([&]() -> Result<> {
      if (group_full()) {
        KLEIN_ARROW_OK(writer_->NewBufferedRowGroup());
        group_bytes_ = 0;
      }
      KLEIN_ARROW_OK(writer_->WriteRecordBatch(*batch.columns()));
      group_bytes_ += batch.bytes();
      return {};
    });
  }

  Result<std::int64_t> flush() override {
    return Error(Code::internal, "a Parquet file has no footer before it is closed, so it can't be cut");
  }

  Result<> close() override {
    return guarded([&]() -> Result<> {
      KLEIN_ARROW_OK(writer_->Close());
      KLEIN_ARROW_OK(stream_->Close());
      return {};
    });
  }

  /// Of the row group in memory nothing until it is full; then more than it will take.
  std::int64_t bytes() const override { return stream_->Tell().ValueOr(0) + (group_full() ? group_bytes_ : 0); }

 private:
  bool group_full() const { return group_bytes_ >= options_.group_bytes; }

  const Options options_;
  std::shared_ptr<arrow::io::FileOutputStream> stream_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::int64_t group_bytes_ = 0;
};

class ParquetFormat final : public FileFormat {
 public:
  explicit ParquetFormat(Options options) : options_(std::move(options)) {}

  Result<> check(const Schema& input) const override {
    try {
      for (const auto& field : input.arrow()->fields()) {
        std::shared_ptr<parquet::SchemaDescriptor> converted;
        const auto alone = arrow::schema({field});
        if (parquet::arrow::ToParquetSchema(alone.get(), *parquet::default_writer_properties(), &converted).ok())
          continue;
        return Error(Code::invalid, "Parquet has no form for the column '" + field->name() + "' of type " +
                                        text(*field->type()) + "; drop it or cast it before write_parquet");
      }
    } catch (const std::exception& failure) {
      return Error(Code::invalid, std::string("Parquet can't hold these columns: ") + failure.what());
    }
    return {};
  }

  bool ready(const Schema& schema) const override {
    const auto& fields = schema.arrow()->fields();
    return std::all_of(fields.begin(), fields.end(), [](const auto& field) { return typed(*field->type()); });
  }
  std::int64_t piece_bytes() const override { return options_.group_bytes; }

  Result<std::unique_ptr<OutputFile>> open(const std::string& path, const Schema& schema,
                                           const Batch* sample) const override {
    auto output = std::make_unique<ParquetOutput>(options_);
    KLEIN_TRY(output->open(path, schema, sample));
    return output;
  }
  Result<std::unique_ptr<OutputFile>> open_log(const std::string& path, const Schema& schema) const override {
    return make_row_log(path, schema, options_.text());
  }
  Result<> form(const std::string& log, const std::string& file) const override { return form_parquet_file(log, file); }

 private:
  const Options options_;
};

}  // namespace

Result<> form_parquet_file(const std::string& log, const std::string& file) {
  auto rows = KLEIN_TRY(RowLogReader::open(log));
  const ParquetFormat format(KLEIN_TRY(Options::from_text(rows->note())));
  std::unique_ptr<OutputFile> output;
  while (auto batch = KLEIN_TRY(rows->next())) {
    if (!output) output = KLEIN_TRY(format.open(file, rows->schema(), &*batch));
    KLEIN_TRY(output->write(*batch));
  }
  if (!output) output = KLEIN_TRY(format.open(file, rows->schema(), nullptr));
  return output->close();
}

Result<std::unique_ptr<Sink>> make_parquet_sink(const Params& params) {
  return make_file_sink(params.string("path"), KLEIN_TRY(FileOptions::make(params, "parquet")),
                        std::make_shared<const ParquetFormat>(KLEIN_TRY(read_options(params))));
}

}  // namespace klein
