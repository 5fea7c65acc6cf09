#pragma once
// FileSink — every sink of files, exactly once: rows of each task go into files of its own in a staged folder, and each
// epoch's token shows those that are complete. A file is complete when it is large enough, when the epoch ends or,
// where files roll, when it is `roll_interval` old: until then it stays open over epochs, and the token says how much
// of it is committed. docs/decisions/0010-rolling.md says why.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/file_format.h"
#include "connectors/staging.h"
#include "op/registry.h"

namespace klein {

struct FileOptions {
  WriteMode mode = WriteMode::error;
  std::string extension;
  std::int64_t roll_rows = std::numeric_limits<std::int64_t>::max();
  std::int64_t roll_bytes = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> roll_interval = std::nullopt;  // nanoseconds; nothing: a file ends with its epoch
  std::vector<std::string> partition_by = {};

  /// From the parameters that `file_params` declares.
  static Result<FileOptions> make(const Params& params, std::string extension);
};

/// `path` and `mode`, then `own`, then how files roll and into which folders rows go.
std::vector<Param> file_params(const std::string& extension, std::vector<Param> own);

/// A sink that writes into the folder `path` names.
Result<std::unique_ptr<Sink>> make_file_sink(const std::string& path, FileOptions options,
                                             std::shared_ptr<const FileFormat> format);

/// Shows, drops and clears what file sinks stage. `form`: of a kind that logs rows.
std::unique_ptr<Committer> make_file_committer(FormFile form = nullptr);

}  // namespace klein
