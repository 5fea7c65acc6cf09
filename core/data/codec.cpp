// Grammar, all numbers little-endian (docs/formats/batch.md):
//   batch   = "KLB" version:u8 checksum:u32 header-size:u32 header rows
//   header  = JSON of the batch's header
//   rows    = one Arrow IPC stream of one record batch
// The checksum (CRC-32, as zlib's) covers all that follows it.

#include "data/codec.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>

#include <cstring>

#include "base/checksum.h"
#include "base/value.h"

namespace klein {

namespace {

constexpr std::string_view magic = "KLB";
constexpr char version = 1;
constexpr std::size_t prefix = 12;  // magic, version, checksum, size of the header

void put_u32(Bytes& bytes, std::size_t at, std::uint32_t number) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>((number >> (8 * i)) & 0xffU);
}

std::uint32_t get_u32(BytesView bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return number;
}

Bytes header_json(const Header& header) {
  Value::Map map{{"split", header.split ? Value(*header.split) : Value()},
                 {"split_order", header.split_order},
                 {"row", header.row},
                 {"admitted", header.admitted},
                 {"deadline", header.deadline},
                 {"priority", static_cast<std::int64_t>(header.priority)}};
  if (header.index) {
    Value::List index;
    for (const auto row : *header.index) index.emplace_back(row);
    map.emplace_back("index", std::move(index));
  }
  return to_json(map);
}

std::int64_t number(const Value& json, std::string_view key, std::int64_t otherwise) {
  const auto* value = json.find(key);
  const auto* number = value ? value->get<std::int64_t>() : nullptr;
  return number ? *number : otherwise;
}

Result<Header> header_from(BytesView text) {
  const auto json = KLEIN_TRY(parse_json(text));
  Header header;
  if (const auto* split = json.find("split"); split && split->get<std::string>()) {
    header.split = std::make_shared<const std::string>(*split->get<std::string>());
  }
  header.split_order = number(json, "split_order", 0);
  header.row = number(json, "row", 0);
  header.admitted = number(json, "admitted", 0);
  header.deadline = number(json, "deadline", header.deadline);
  header.priority = static_cast<int>(number(json, "priority", 0));
  if (const auto* index = json.find("index"); index && index->get<Value::List>()) {
    std::vector<std::int64_t> rows;
    for (const auto& row : *index->get<Value::List>()) {
      if (!row.get<std::int64_t>()) return Error(Code::corrupt, "a batch's row index holds " + kind_of(row));
      rows.push_back(*row.get<std::int64_t>());
    }
    header.index = std::make_shared<const std::vector<std::int64_t>>(std::move(rows));
  }
  return header;
}

Result<std::shared_ptr<arrow::RecordBatch>> rows_from(BytesView bytes) {
  // Copied, because the arrays outlive the caller's bytes and need aligned memory.
  auto buffer = arrow::Buffer::FromString(std::string(bytes));
  auto input = std::make_shared<arrow::io::BufferReader>(std::move(buffer));
  const auto reader = KLEIN_ARROW(arrow::ipc::RecordBatchStreamReader::Open(input));
  std::shared_ptr<arrow::RecordBatch> rows;
  KLEIN_ARROW_OK(reader->ReadNext(&rows));
  if (!rows) return Error(Code::corrupt, "a batch without rows");
  KLEIN_ARROW_OK(rows->ValidateFull());
  return rows;
}

}  // namespace

Result<Bytes> encode(const Batch& batch) {
  const auto header = header_json(batch.header());
  const auto sink = KLEIN_ARROW(arrow::io::BufferOutputStream::Create());
  const auto writer = KLEIN_ARROW(arrow::ipc::MakeStreamWriter(sink, batch.columns()->schema()));
  KLEIN_ARROW_OK(writer->WriteRecordBatch(*batch.columns()));
  KLEIN_ARROW_OK(writer->Close());
  const auto rows = KLEIN_ARROW(sink->Finish());
  Bytes bytes(prefix, '\0');
  std::memcpy(bytes.data(), magic.data(), magic.size());
  bytes[3] = version;
  put_u32(bytes, 8, static_cast<std::uint32_t>(header.size()));
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(rows->data()), static_cast<std::size_t>(rows->size()));
  put_u32(bytes, 4, crc32(BytesView(bytes).substr(8)));
  return bytes;
}

Result<Batch> decode(BytesView bytes) {
  if (bytes.size() < prefix || !bytes.starts_with(magic)) return Error(Code::corrupt, "these bytes are not a batch");
  if (bytes[3] != version) {
    return Error(Code::corrupt, "this batch has format version " + std::to_string(static_cast<int>(bytes[3])) +
                                    ", which this Klein does not know; read it with a newer one");
  }
  const std::size_t header_size = get_u32(bytes, 8);
  if (get_u32(bytes, 4) != crc32(bytes.substr(8)) || bytes.size() - prefix < header_size) {
    return Error(Code::corrupt, "a batch's bytes are damaged or cut off: the checksum does not fit");
  }
  auto header = KLEIN_TRY(header_from(bytes.substr(prefix, header_size)));
  auto rows = rows_from(bytes.substr(prefix + header_size));
  if (!rows.ok()) return Error(Code::corrupt, rows.error().message());
  return Batch(*std::move(rows), std::move(header));
}

}  // namespace klein
