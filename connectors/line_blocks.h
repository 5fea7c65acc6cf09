#pragma once
// Blocks of whole records from a file, from any record on.

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace arrow::io {
class InputStream;
}

namespace klein {

/// What to read of a file: the records that begin in [begin, end).
struct FileRange {
  std::string path;
  std::int64_t begin = 0, end = -1;  // -1: to the file's end
};

/// Called by one thread at a time. Offsets are of the text, decompressed where the name ends in .gz or .zst.
class LineBlocks {
 public:
  static constexpr std::int64_t block_bytes = 1 << 20, most_bytes = 256 << 20;

  /// From `offset`, where a record begins; below 0: from the range's first record. `delimiter`: of fields that may
  /// be quoted and then hold line breaks; 0: there are no fields. `header`: a file's first record is passed over, and
  /// blank lines before it.
  static Result<std::unique_ptr<LineBlocks>> open(FileRange range, std::int64_t offset, char delimiter, bool header);

  /// A file's first record that is not blank; empty: it has none.
  static Result<std::string> header(const std::string& path, char delimiter);

  /// The records from `offset()` on, about a mebibyte of them; empty: that was all. Valid until the next call.
  Result<std::string_view> next();
  /// Where the block of the last call begins.
  std::int64_t offset() const { return offset_; }

 private:
  LineBlocks(FileRange range, char delimiter) : range_(std::move(range)), delimiter_(delimiter) {}
  Result<> fill(std::size_t size);
  Result<std::string> take_record();
  Result<std::string> take_header();
  std::size_t end_of_records() const;
  bool ended() const { return range_.end >= 0 && offset_ >= range_.end; }

  const FileRange range_;
  const char delimiter_;
  std::shared_ptr<arrow::io::InputStream> stream_;
  std::string buffer_;     // from `offset_` on
  std::size_t given_ = 0;  // of the buffer, in the last block
  std::int64_t offset_ = 0;
  bool at_end_ = false;  // of the file
};

}  // namespace klein
