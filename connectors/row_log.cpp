#include "connectors/row_log.h"

#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>

namespace klein {

namespace {

constexpr const char* note_key = "klein.note";

class RowLog final : public OutputFile {
 public:
  Result<> open(const std::string& path, const Schema& schema, const std::string& note) {
    stream_ = KLEIN_ARROW(arrow::io::FileOutputStream::Open(path));
    auto options = arrow::ipc::IpcWriteOptions::Defaults();
    options.use_threads = false;
    options.codec = KLEIN_ARROW(arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME));
    schema_ = schema.arrow()->WithMetadata(arrow::key_value_metadata({note_key}, {note}));
    writer_ = KLEIN_ARROW(arrow::ipc::MakeStreamWriter(stream_, schema_, options));
    return {};
  }
  Result<> write(const Batch& batch) override {
    KLEIN_ARROW_OK(writer_->WriteRecordBatch(*batch.columns()));
    return {};
  }
  Result<std::int64_t> flush() override {
    KLEIN_ARROW_OK(stream_->Flush());
    return bytes();
  }
  Result<> close() override {
    KLEIN_ARROW_OK(writer_->Close());
    KLEIN_ARROW_OK(stream_->Close());
    return {};
  }
  std::int64_t bytes() const override { return stream_->Tell().ValueOr(0); }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::io::FileOutputStream> stream_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<OutputFile>> make_row_log(const std::string& path, const Schema& schema,
                                                 const std::string& note) {
  auto log = std::make_unique<RowLog>();
  KLEIN_TRY(log->open(path, schema, note));
  return log;
}

Result<std::unique_ptr<RowLogReader>> RowLogReader::open(const std::string& path) {
  const auto file = KLEIN_ARROW(arrow::io::ReadableFile::Open(path));
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  return std::make_unique<RowLogReader>(KLEIN_ARROW(arrow::ipc::RecordBatchStreamReader::Open(file, options)));
}

Schema RowLogReader::schema() const { return Schema(reader_->schema()->RemoveMetadata()); }

std::string RowLogReader::note() const {
  const auto& metadata = reader_->schema()->metadata();
  return metadata ? metadata->Get(note_key).ValueOr("") : "";
}

Result<std::optional<Batch>> RowLogReader::next() {
  std::shared_ptr<arrow::RecordBatch> batch;
  KLEIN_ARROW_OK(reader_->ReadNext(&batch));
  if (!batch) return std::optional<Batch>();
  return std::optional(Batch(arrow::RecordBatch::Make(schema().arrow(), batch->num_rows(), batch->columns())));
}

}  // namespace klein
