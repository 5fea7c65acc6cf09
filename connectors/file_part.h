#pragma once
// FilePart — one task's files in one folder, one after another: rows are gathered, the file is begun when the types of
// their columns are known, and ended when it is large enough or old enough.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/file_sink.h"

namespace klein {

/// What one task's parts share. Constant but for `number`, which counts the task's files.
struct FileOutput {
  std::shared_ptr<const Staging> staging;
  std::shared_ptr<const FileFormat> format;
  FileOptions options;
  int task = 0;
  int number = 0;
};

/// Called by one thread at a time.
class FilePart {
 public:
  /// `folder`: below the target, empty or ending in '/'. `output` outlives this.
  FilePart(FileOutput& output, std::string folder, std::optional<Schema> schema)
      : output_(output), folder_(std::move(folder)), schema_(std::move(schema)) {}

  /// `now` is the time at which a file that this begins is of age 0. Adds to `complete` the files that are full.
  Result<> write(Batch batch, std::int64_t now, std::vector<std::string>& complete);
  /// Brings all that was taken into files. Those that are to be shown go to `staged.files`, one that stays open and has
  /// grown to `staged.open`.
  Result<> stage(std::int64_t now, StagedFiles& staged);
  /// Ends the file, whatever its age.
  Result<> end(std::int64_t now, std::vector<std::string>& complete);
  bool is_open() const { return file_ != nullptr; }
  const std::optional<Schema>& schema() const { return schema_; }

 private:
  bool ready() const;
  bool logs() const { return output_.options.roll_interval.has_value(); }
  Result<> flush(std::int64_t now, std::vector<std::string>& complete);
  Result<> open(const Batch& sample, std::int64_t now);
  Result<> close(std::vector<std::string>& complete);
  /// What was being done, before the sentence of what failed.
  Error said(Error error) const { return std::move(error).while_doing("writing into " + output_.staging->target()); }

  FileOutput& output_;
  const std::string folder_;
  std::optional<Schema> schema_;
  std::vector<Batch> gathered_;
  std::int64_t gathered_bytes_ = 0;
  std::unique_ptr<OutputFile> file_;
  std::string name_;     // of the file that is open
  std::string written_;  // what is written of it: itself, or its log
  std::int64_t rows_ = 0, begun_ = 0, staged_length_ = 0;
};

}  // namespace klein
