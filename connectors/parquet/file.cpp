#include "connectors/parquet/file.h"

#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "connectors/paths.h"

namespace klein {

namespace {

// The reader takes a column chunk through a buffer of this size, so that a row group written large is not read whole.
constexpr std::int64_t stream_buffer = 1 << 20;

void add_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const auto& child : field.children) add_leaves(child, leaves);
}

}  // namespace

Error corrupt_file(const std::string& path, const std::string& what) {
  return Error(Code::corrupt, path + " can't be read as Parquet; it is damaged, cut short or something else: " + what);
}

Result<ParquetFile> ParquetFile::open(const std::string& path, std::shared_ptr<parquet::FileMetaData> footer) {
  const auto file = arrow::io::ReadableFile::Open(path);
  if (!file.ok()) {
    if (file.status().code() == arrow::StatusCode::IOError) return Error(Code::io, file.status().message());
    return to_error(file.status());
  }
  try {
    parquet::ReaderProperties properties;
    properties.enable_buffered_stream();
    properties.set_buffer_size(stream_buffer);
    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    auto status = builder.Open(*file, properties, std::move(footer));
    std::unique_ptr<parquet::arrow::FileReader> reader;
    if (status.ok()) status = builder.properties(arrow_properties)->Build(&reader);
    if (!status.ok()) return corrupt_file(path, status.message());
    return ParquetFile(path, std::move(reader));
  } catch (const std::exception& failure) {
    return corrupt_file(path, failure.what());
  }
}

Schema ParquetFile::schema() const {
  arrow::FieldVector fields;
  for (const auto& field : manifest().schema_fields) fields.push_back(field.field->RemoveMetadata());
  return Schema(arrow::schema(std::move(fields)));
}

std::vector<int> ParquetFile::leaves(const std::vector<std::string>& columns) const {
  std::vector<int> leaves;
  for (const auto& column : columns) {
    for (const auto& field : manifest().schema_fields) {
      if (field.field->name() == column) add_leaves(field, leaves);
    }
  }
  return leaves;
}

std::int64_t ParquetFile::bytes(int group, const std::vector<int>& leaves) const {
  const auto row_group = footer()->RowGroup(group);
  std::int64_t bytes = 0;
  for (const auto leaf : leaves) bytes += row_group->ColumnChunk(leaf)->total_uncompressed_size();
  return bytes;
}

Result<std::unique_ptr<arrow::RecordBatchReader>> ParquetFile::read(int group, const std::vector<int>& leaves,
                                                                    std::int64_t rows) {
  try {
    reader_->set_batch_size(rows);
    auto batches = reader_->GetRecordBatchReader({group}, leaves);
    if (!batches.ok()) return corrupt_file(path_, batches.status().message());
    return std::move(batches).ValueUnsafe();
  } catch (const std::exception& failure) {
    return corrupt_file(path_, failure.what());
  }
}

}  // namespace klein
