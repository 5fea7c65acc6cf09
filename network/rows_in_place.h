#pragma once
// Rows in shared memory as Arrow's arrays have them: written once, by one copy, and read where they lie. A schema is
// sent when it changes. Both ends are of the same build, on the same machine, so this is no format that anyone stores.
//
//   rows    = head schema? index? message, each from a multiple of 64 on
//   message = Arrow's encapsulated message of a record batch; where there are dictionaries, a whole IPC stream

#include <memory>

#include "data/batch.h"
#include "network/arena.h"

namespace klein {

class RowsWriter {
 public:
  explicit RowsWriter(Arena& arena) : arena_(arena) {}
  /// The rows, and of their header the row numbers.
  Result<Block> write(const Batch& batch);

 private:
  Arena& arena_;
  std::shared_ptr<arrow::Schema> schema_;  // that the reader knows
  bool dictionaries_ = false;              // it has some
};

class RowsReader {
 public:
  explicit RowsReader(std::shared_ptr<SharedMemory> memory) : memory_(std::move(memory)) {}
  /// The rows in place: the block is released with the last array over it.
  Result<Batch> read(const Block& block);

 private:
  const std::shared_ptr<SharedMemory> memory_;
  std::shared_ptr<arrow::Schema> schema_;
};

/// Bytes that are copied out: the block is released at once.
Result<std::string> read_bytes(const SharedMemory& memory, const Block& block);
Result<Block> write_bytes(Arena& arena, std::string_view bytes);

}  // namespace klein
