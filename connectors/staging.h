#pragma once
// Staging — how a sink of files shows all of them or none. Files are written into a hidden folder inside the target,
// `.klein-<run>`, and renamed into place when their token is committed: no reader ever sees half a file.

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "connectors/staged_files.h"

namespace klein {

/// How the file is called that is shown only where nothing else is.
inline constexpr const char* empty_prefix = "part-empty-";

enum class WriteMode { error, overwrite, append };
Result<WriteMode> write_mode(const std::string& name);

/// One run's writing into one folder. Constant after it is made; any thread.
class Staging {
 public:
  /// `extension` says which files in the target are output: "parquet".
  Staging(std::string target, WriteMode mode, std::string extension);

  /// Refuses a target that holds files (mode error), is a file, or can't be written into. Creates nothing.
  Result<> check() const;
  /// Makes the folders. What the target holds now that the run's files are to replace.
  Result<std::vector<std::string>> begin() const;
  /// Where to write the file that becomes `name`.
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  /// The name for a file that is shown only if nothing else is in the target.
  std::string empty_name() const;
  const std::string& run() const { return run_; }
  const std::string& target() const { return target_; }
  /// Makes the named files durable, and with `with_empty` that of `empty_name`. The token that shows them; where they
  /// are staged is filled in here.
  Result<Bytes> seal(StagedFiles staged) const;
  /// Removes what was staged, and the target where this run made it.
  Result<> discard() const;
  /// Names the run's folder, for `clear_staged`.
  Bytes residue() const;

 private:
  const std::string target_, extension_;
  const WriteMode mode_;
  const std::string run_, folder_;
  const bool existed_;
};

}  // namespace klein
