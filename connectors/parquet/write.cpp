// write_parquet: each task writes files of its own into a staged folder; a file's row groups are closed by rows or
// bytes, so that a writer's memory is bounded, and the file is closed when it is large enough or the epoch ends.

#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

#include "connectors/parquet/plugin.h"
#include "connectors/paths.h"
#include "connectors/rows.h"
#include "connectors/staging.h"

namespace klein {

namespace {

struct Options {
  WriteMode mode = WriteMode::error;
  parquet::Compression::type compression = parquet::Compression::ZSTD;
  std::int64_t group_rows = 0, group_bytes = 0;
  std::int64_t file_rows = std::numeric_limits<std::int64_t>::max(), file_bytes = 0;
};

/// Batches below this are put together before they are encoded: a call costs more than a small batch.
constexpr std::int64_t gather_bytes = 1 << 20;
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
  Options options{
      .mode = KLEIN_TRY(write_mode(params.string("mode"))), .compression = codec(params.string("compression"))};
  const std::array<std::pair<const char*, std::int64_t*>, 4> sizes = {
      {{"row_group_rows", &options.group_rows},
       {"row_group_bytes", &options.group_bytes},
       {"rows_per_file", &options.file_rows},
       {"bytes_per_file", &options.file_bytes}}};
  for (const auto& [name, size] : sizes) {
    if (params.is_null(name)) continue;
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
  builder.compression(options.compression)->max_row_group_length(options.group_rows)->created_by("klein");
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

/// One file as it is written.
class FileOutput {
 public:
  static Result<FileOutput> open(const std::string& path, const Schema& schema, const Options& options,
                                 const Batch* sample) {
    FileOutput output(options);
    output.stream_ = KLEIN_ARROW(arrow::io::FileOutputStream::Open(path));
    static const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    output.writer_ = KLEIN_ARROW(parquet::arrow::FileWriter::Open(
        *schema.arrow(), arrow::default_memory_pool(), output.stream_, properties_for(*schema.arrow(), options, sample),
        arrow_properties));
    return output;
  }

  /// Takes rows of at most about a row group's bytes.
  Result<> write(const Batch& batch) {
    if (group_full()) {
      KLEIN_ARROW_OK(writer_->NewBufferedRowGroup());
      group_bytes_ = 0;
    }
    KLEIN_ARROW_OK(writer_->WriteRecordBatch(*batch.columns()));
    group_bytes_ += batch.bytes();
    rows_ += batch.rows();
    return {};
  }

  Result<> close() {
    KLEIN_ARROW_OK(writer_->Close());
    KLEIN_ARROW_OK(stream_->Close());
    return {};
  }

  /// No more belongs into this file. Full row groups are in it; the one in memory will take less there than it says.
  bool full() const {
    if (rows_ >= options_.file_rows) return true;
    return group_full() && stream_->Tell().ValueOr(0) + group_bytes_ >= options_.file_bytes;
  }
  std::int64_t rows_left() const { return options_.file_rows - rows_; }

 private:
  explicit FileOutput(const Options& options) : options_(options) {}
  bool group_full() const { return group_bytes_ >= options_.group_bytes; }

  Options options_;
  std::shared_ptr<arrow::io::FileOutputStream> stream_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::int64_t rows_ = 0, group_bytes_ = 0;
};

class ParquetWriter final : public Writer {
 public:
  ParquetWriter(std::shared_ptr<const Staging> staging, Options options, int task, std::optional<Schema> schema,
                std::vector<std::string> replaces)
      : staging_(std::move(staging)),
        options_(options),
        task_(task),
        schema_(std::move(schema)),
        replaces_(std::move(replaces)) {}

  Result<Progress> write(Batch batch) override {
    if (!schema_) schema_ = batch.schema();
    auto both = unified(*schema_, batch.schema());
    if (!both || (file_ && !(*both == *schema_))) {
      return Error(Code::invalid, "rows with other columns than those before them can't go into one file: " +
                                      batch.schema().text() + "; before: " + schema_->text());
    }
    schema_ = *std::move(both);
    gathered_bytes_ += batch.bytes();
    gathered_.push_back(std::move(batch));
    if (gathered_bytes_ >= (ready() ? gather_bytes : options_.group_bytes)) KLEIN_TRY(flush());
    return Progress::done;
  }

  Result<std::optional<Bytes>> prepare(Epoch) override {
    KLEIN_TRY(flush());
    KLEIN_TRY(close());
    const bool with_empty = task_ == 0 && number_ == 0 && schema_ && !has_empty_;
    if (has_token_ && files_.empty() && !with_empty) return std::optional(Bytes{});
    has_empty_ |= with_empty;
    const auto replaces = std::exchange(has_token_, true) ? std::vector<std::string>{} : replaces_;
    if (with_empty) {
      auto file = KLEIN_TRY(guarded([&] {
        return FileOutput::open(staging_->path(staging_->empty_name()), *schema_, options_, nullptr);
      }));
      KLEIN_TRY(guarded([&] { return file.close(); }));
    }
    return std::optional(KLEIN_TRY(staging_->seal(std::exchange(files_, {}), with_empty, replaces)));
  }

 private:
  /// Calls what calls the Parquet library, which throws.
  template <typename Call>
  auto guarded(Call call) -> decltype(call()) {
    try {
      auto result = call();
      if (!result.ok()) return std::move(result).error().while_doing("writing into " + staging_->target());
      return result;
    } catch (const std::exception& failure) {
      return Error(Code::io, "writing into " + staging_->target() + ": " + failure.what());
    }
  }

  /// Whether a file may be begun: its columns' types are known. It waits for them while there is room.
  bool ready() const {
    const auto& fields = schema_->arrow()->fields();
    return file_ || std::all_of(fields.begin(), fields.end(), [](const auto& field) { return typed(*field->type()); });
  }

  Result<> flush() {
    if (gathered_.empty()) return {};
    for (auto& batch : gathered_) batch = KLEIN_TRY(conform(batch, *schema_));
    const auto all = KLEIN_TRY(concatenate(std::exchange(gathered_, {})));
    gathered_bytes_ = 0;
    const auto piece = rows_within({all.rows(), options_.group_bytes}, all.bytes(), all.rows());
    for (std::int64_t first = 0; first < all.rows();) {
      if (file_ && file_->full()) KLEIN_TRY(close());
      if (!file_) KLEIN_TRY(open(all));
      const auto count = std::min({piece, all.rows() - first, file_->rows_left()});
      KLEIN_TRY(guarded([&] { return file_->write(all.slice(first, count)); }));
      first += count;
    }
    return {};
  }

  Result<> open(const Batch& sample) {
    std::array<char, 40> prefix{};
    std::snprintf(prefix.data(), prefix.size(), "part-%05d-%05d-", task_, number_++);
    files_.push_back(prefix.data() + staging_->run() + ".parquet");
    file_ = KLEIN_TRY(
        guarded([&] { return FileOutput::open(staging_->path(files_.back()), *schema_, options_, &sample); }));
    return {};
  }

  Result<> close() {
    if (!file_) return {};
    KLEIN_TRY(guarded([&] { return file_->close(); }));
    file_.reset();
    return {};
  }

  const std::shared_ptr<const Staging> staging_;
  const Options options_;
  const int task_;
  std::optional<Schema> schema_;
  const std::vector<std::string> replaces_;
  std::vector<Batch> gathered_;
  std::int64_t gathered_bytes_ = 0;
  std::optional<FileOutput> file_;
  std::vector<std::string> files_;  // of this epoch
  int number_ = 0;
  bool has_token_ = false;  // names what is replaced
  bool has_empty_ = false;  // a token names the empty file
};

class ParquetSink final : public Sink {
 public:
  ParquetSink(const std::string& path, Options options)
      : staging_(std::make_shared<const Staging>(path, options.mode, "parquet")), options_(options) {}

  Result<> check(const std::optional<Schema>& input) const override {
    if (input) KLEIN_TRY(check_types(*input));
    return staging_->check();
  }
  Result<std::unique_ptr<Writer>> open(int task, const std::optional<Schema>& input) const override {
    return std::make_unique<ParquetWriter>(staging_, options_, task, input, KLEIN_TRY(staging_->begin()));
  }
  Result<> discard() const override { return staging_->discard(); }
  void resume() override {
    options_.mode = WriteMode::append;
    staging_ = std::make_shared<const Staging>(staging_->target(), options_.mode, "parquet");
  }
  Bytes residue() const override { return staging_->residue(); }

 private:
  static Result<> check_types(const Schema& input) {
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

  std::shared_ptr<const Staging> staging_;
  Options options_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_parquet_sink(const Params& params) {
  const auto options = KLEIN_TRY(read_options(params));
  if (params.string("path").empty()) return Error(Code::invalid, "path is empty; name the folder to write into");
  return std::make_unique<ParquetSink>(KLEIN_TRY(local_path(params.string("path"))), options);
}

}  // namespace klein
