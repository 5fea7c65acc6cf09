#pragma once
// Sources of files that are read by blocks of whole records: text, JSON Lines, CSV. A split is a file, or 64 MiB of a
// large one where no line break stands in a value; the record that begins in it is its own to the end. A position is
// `offset:rows:row`: the byte where a block begins, how many of its rows are done, and the number of its first row.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "op/registry.h"

namespace klein {

/// Where a block stands, for messages.
struct BlockPlace {
  std::string split;
  std::int64_t first_row = 0;  // counted from the split's begin
  std::string row(std::int64_t number) const { return split.empty() ? "" : split + ":" + std::to_string(number); }
};

/// No record stands in it.
inline bool is_blank(std::string_view block) { return block.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// How a block becomes rows. Constant: any thread.
class BlockRows {
 public:
  virtual ~BlockRows() = default;
  virtual Schema schema() const = 0;
  virtual Result<std::shared_ptr<arrow::RecordBatch>> parse(std::string_view block, const BlockPlace& place) const = 0;
  /// Those of a file with this header, which may name its columns in another order; null: these.
  virtual Result<std::shared_ptr<const BlockRows>> under([[maybe_unused]] const std::string& header) const {
    return nullptr;
  }
};

/// The first block of the first file that holds a row, its header included; for schemas that are found out.
using BlockSample = std::function<Result<std::string>()>;

struct RecordFormat {
  char delimiter = 0;   // of fields that may be quoted and then hold line breaks; 0: there are no fields
  bool header = false;  // the first record is no row
  std::function<Result<std::shared_ptr<const BlockRows>>(const BlockSample&)> make_rows;
};

/// `path`, `watch`.
std::vector<Param> line_file_params(const std::vector<std::string>& extensions);

/// Files of the folder are those with these extensions, also compressed (.gz, .zst).
Result<std::unique_ptr<Source>> make_line_source(const Params& params, std::vector<std::string> extensions,
                                                 const RecordFormat& format);

}  // namespace klein
