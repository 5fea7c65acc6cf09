#include "network/rows_in_place.h"

#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstring>

namespace klein {

namespace {

struct Head {
  std::int64_t schema_bytes, first_row, indices, message_bytes;
  std::uint32_t whole_stream;
};

std::int64_t padded(std::int64_t size) { return (size + Arena::alignment - 1) / Arena::alignment * Arena::alignment; }

/// Shared memory as Arrow sees it; the block is let go of with it.
class BlockBuffer final : public arrow::Buffer {
 public:
  BlockBuffer(std::shared_ptr<SharedMemory> memory, const Block& block)
      : arrow::Buffer(reinterpret_cast<const std::uint8_t*>(memory->at(block.offset)), block.size),
        memory_(std::move(memory)),
        block_(block) {}
  ~BlockBuffer() override { Arena::release(*memory_, block_); }

 private:
  const std::shared_ptr<SharedMemory> memory_;
  const Block block_;
};

bool has_dictionaries(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) return true;
  if (type.id() == arrow::Type::EXTENSION) {
    return has_dictionaries(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  }
  return std::any_of(
      type.fields().begin(), type.fields().end(), [](const auto& field) { return has_dictionaries(*field->type()); });
}

bool has_dictionaries(const arrow::Schema& schema) {
  return std::any_of(schema.fields().begin(), schema.fields().end(),
                     [](const auto& field) { return has_dictionaries(*field->type()); });
}

arrow::ipc::IpcWriteOptions write_options() {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.alignment = Arena::alignment;
  options.use_threads = false;
  return options;
}

arrow::ipc::IpcReadOptions read_options() {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  return options;
}

Result<std::shared_ptr<arrow::Buffer>> whole_stream(const arrow::RecordBatch& rows) {
  const auto sink = KLEIN_ARROW(arrow::io::BufferOutputStream::Create());
  const auto writer = KLEIN_ARROW(arrow::ipc::MakeStreamWriter(sink, rows.schema(), write_options()));
  KLEIN_ARROW_OK(writer->WriteRecordBatch(rows));
  KLEIN_ARROW_OK(writer->Close());
  return KLEIN_ARROW(sink->Finish());
}

/// Writes one part behind the other into a block, each from a multiple of the alignment on.
class Filling {
 public:
  explicit Filling(std::byte* begin) : next_(begin) {}
  void put(const void* bytes, std::int64_t size) {
    if (size > 0) std::memcpy(next_, bytes, static_cast<std::size_t>(size));
    next_ += padded(size);
  }
  std::byte* next() const { return next_; }

 private:
  std::byte* next_;
};

Result<> write_message(const arrow::RecordBatch& rows, std::byte* to, std::int64_t size) {
  auto target = std::make_shared<arrow::MutableBuffer>(reinterpret_cast<std::uint8_t*>(to), size);
  arrow::io::FixedSizeBufferWriter sink(std::move(target));
  std::int32_t metadata = 0;
  std::int64_t body = 0;
  KLEIN_ARROW_OK(arrow::ipc::WriteRecordBatch(rows, 0, &sink, &metadata, &body, write_options()));
  return {};
}

Error damaged(const std::string& what) { return Error(Code::corrupt, "what a worker process sent " + what); }

bool lies_in(const SharedMemory& memory, const Block& block) {
  return block.offset >= Arena::alignment && block.offset % Arena::alignment == 0 && block.size >= 0 &&
         block.offset + block.size <= memory.size();
}

Result<std::shared_ptr<arrow::Schema>> schema_from(const std::shared_ptr<arrow::Buffer>& bytes) {
  arrow::io::BufferReader input(bytes);
  arrow::ipc::DictionaryMemo memo;
  return KLEIN_ARROW(arrow::ipc::ReadSchema(&input, &memo));
}

Result<std::shared_ptr<arrow::RecordBatch>> rows_from(const std::shared_ptr<arrow::Buffer>& bytes, bool whole,
                                                      const std::shared_ptr<arrow::Schema>& schema) {
  if (whole) {
    const auto reader = KLEIN_ARROW(
        arrow::ipc::RecordBatchStreamReader::Open(std::make_shared<arrow::io::BufferReader>(bytes), read_options()));
    std::shared_ptr<arrow::RecordBatch> rows;
    KLEIN_ARROW_OK(reader->ReadNext(&rows));
    if (!rows) return damaged("has no rows");
    return rows;
  }
  arrow::io::BufferReader input(bytes);
  const arrow::ipc::DictionaryMemo memo;
  return KLEIN_ARROW(arrow::ipc::ReadRecordBatch(schema, &memo, read_options(), &input));
}

}  // namespace

Result<Block> RowsWriter::write(const Batch& batch) {
  const auto& rows = *batch.columns();
  const auto& header = batch.header();
  std::shared_ptr<arrow::Buffer> schema, stream;
  if (rows.schema() != schema_ && (!schema_ || !rows.schema()->Equals(*schema_, true))) {
    dictionaries_ = has_dictionaries(*rows.schema());
    schema = KLEIN_ARROW(arrow::ipc::SerializeSchema(*rows.schema()));
  }
  Head head = {};
  if (dictionaries_) stream = KLEIN_TRY(whole_stream(rows));
  if (stream) {
    head.message_bytes = stream->size();
  } else {
    KLEIN_ARROW_OK(arrow::ipc::GetRecordBatchSize(rows, write_options(), &head.message_bytes));
  }
  head.schema_bytes = schema ? schema->size() : 0;
  head.first_row = header.row;
  head.indices = header.index ? static_cast<std::int64_t>(header.index->size()) : 0;
  head.whole_stream = stream ? 1 : 0;
  const auto index_bytes = head.indices * static_cast<std::int64_t>(sizeof(std::int64_t));
  const auto block = KLEIN_TRY(arena_.allocate(
      padded(sizeof head) + padded(head.schema_bytes) + padded(index_bytes) + padded(head.message_bytes)));
  Filling filling(arena_.data(block));
  filling.put(&head, sizeof head);
  filling.put(schema ? schema->data() : nullptr, head.schema_bytes);
  filling.put(header.index ? header.index->data() : nullptr, index_bytes);
  if (stream) filling.put(stream->data(), stream->size());
  if (!stream) KLEIN_TRY(write_message(rows, filling.next(), head.message_bytes));
  schema_ = rows.schema();
  return block;
}

Result<Batch> RowsReader::read(const Block& block) {
  if (!lies_in(*memory_, block) || block.size < padded(sizeof(Head))) return damaged("lies nowhere");
  const auto all = std::make_shared<BlockBuffer>(memory_, block);
  Head head = {};
  std::memcpy(&head, all->data(), sizeof head);
  const auto index_bytes = head.indices * static_cast<std::int64_t>(sizeof(std::int64_t));
  std::int64_t place = padded(sizeof head);
  if (head.schema_bytes < 0 || index_bytes < 0 || head.message_bytes < 0 ||
      place + padded(head.schema_bytes) + padded(index_bytes) + padded(head.message_bytes) > block.size) {
    return damaged("is cut off");
  }
  if (head.schema_bytes > 0) schema_ = KLEIN_TRY(schema_from(arrow::SliceBuffer(all, place, head.schema_bytes)));
  if (!schema_) return damaged("has no schema");
  place += padded(head.schema_bytes);
  Header header;
  header.row = head.first_row;
  if (head.indices > 0) {
    std::vector<std::int64_t> index(static_cast<std::size_t>(head.indices));
    std::memcpy(index.data(), all->data() + place, static_cast<std::size_t>(index_bytes));
    header.index = std::make_shared<const std::vector<std::int64_t>>(std::move(index));
  }
  place += padded(index_bytes);
  auto rows = KLEIN_TRY(rows_from(arrow::SliceBuffer(all, place, head.message_bytes), head.whole_stream != 0, schema_));
  KLEIN_ARROW_OK(rows->Validate());
  if (header.index && rows->num_rows() != head.indices) return damaged("has other rows than it says");
  return Batch(std::move(rows), std::move(header));
}

Result<std::string> read_bytes(const SharedMemory& memory, const Block& block) {
  if (!lies_in(memory, block)) return damaged("lies nowhere");
  std::string bytes(reinterpret_cast<const char*>(memory.at(block.offset)), static_cast<std::size_t>(block.size));
  Arena::release(memory, block);
  return bytes;
}

Result<Block> write_bytes(Arena& arena, std::string_view bytes) {
  const auto block = KLEIN_TRY(arena.allocate(static_cast<std::int64_t>(bytes.size())));
  std::memcpy(arena.data(block), bytes.data(), bytes.size());
  return block;
}

}  // namespace klein
