#pragma once
// FileFormat — what one kind of file sink knows that the others do not: how rows become a file. Staging, rolling,
// folders by value and commits are FileSink's.

#include <cstdint>
#include <memory>
#include <string>

#include "connectors/staged_files.h"
#include "data/batch.h"

namespace klein {

/// A file as it is written, by one thread at a time.
class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual Result<> write(const Batch& batch) = 0;
  /// Hands to the system all that was written, so that the file can be cut here. Its length.
  virtual Result<std::int64_t> flush() = 0;
  virtual Result<> close() = 0;
  /// Bytes in the file, about, where it ended now.
  virtual std::int64_t bytes() const = 0;
};

/// Constant after it is made: any thread.
class FileFormat {
 public:
  virtual ~FileFormat() = default;
  /// Refuses columns that it has no form for.
  virtual Result<> check(const Schema& schema) const = 0;
  /// `sample`: the first rows, where there are any.
  virtual Result<std::unique_ptr<OutputFile>> open(const std::string& path, const Schema& schema,
                                                   const Batch* sample) const = 0;
  /// Whether a file can be begun with such columns. Rows wait for the types of their columns while there is room.
  virtual bool ready(const Schema&) const { return true; }
  /// Rows go into a file in pieces of about so many bytes; so many wait at most.
  virtual std::int64_t piece_bytes() const { return 4 << 20; }
  /// A log of rows from which the committer forms the file; null: the file itself can be cut at any flush.
  virtual Result<std::unique_ptr<OutputFile>> open_log(const std::string&, const Schema&) const { return nullptr; }
  virtual Result<> form([[maybe_unused]] const std::string& log, [[maybe_unused]] const std::string& file) const {
    return {};
  }
};

}  // namespace klein
