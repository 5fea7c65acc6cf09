#pragma once
// ParquetFile — one file, open for reading: its columns as Arrow knows them, and its row groups. The Parquet library
// throws; nothing it throws leaves these functions.

#include <arrow/type_fwd.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include <memory>
#include <string>
#include <vector>

#include "data/schema.h"

namespace klein {

/// Called by one thread at a time.
class ParquetFile {
 public:
  /// Errors: there is no such file; it is not a Parquet file, or cut short.
  static Result<ParquetFile> open(const std::string& path, std::shared_ptr<parquet::FileMetaData> footer = nullptr);

  const std::string& path() const { return path_; }
  std::shared_ptr<parquet::FileMetaData> footer() const { return reader_->parquet_reader()->metadata(); }
  const parquet::arrow::SchemaManifest& manifest() const { return reader_->manifest(); }
  /// All columns, without metadata.
  Schema schema() const;
  /// The places, in the file, of what the named columns consist of. Each must be there.
  std::vector<int> leaves(const std::vector<std::string>& columns) const;
  /// The bytes that these leaves of a row group take once decompressed.
  std::int64_t bytes(int group, const std::vector<int>& leaves) const;
  /// Reads a row group's leaves in batches of `rows`; this must outlive it.
  Result<std::unique_ptr<arrow::RecordBatchReader>> read(int group, const std::vector<int>& leaves, std::int64_t rows);

 private:
  ParquetFile(std::string path, std::unique_ptr<parquet::arrow::FileReader> reader)
      : path_(std::move(path)), reader_(std::move(reader)) {}

  std::string path_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
};

/// An error of the Parquet library, about a file that was opened.
Error corrupt_file(const std::string& path, const std::string& what);

}  // namespace klein
