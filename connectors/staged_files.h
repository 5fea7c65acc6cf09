#pragma once
// What a sink of files has staged, as its token says it, and what is done with it: shown, dropped, cleared away. Any
// process may do that, from the bytes alone; each of these again with the same bytes does nothing more.
//
// docs/formats/staged-files.md says how tokens and the staged folder look.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace klein {

/// A staged file of which so many bytes are whole rows, and durable.
struct OpenFile {
  std::string name;
  std::int64_t length = 0;
};

struct StagedFiles {
  std::string target, run;
  std::vector<std::string> files = {}, replaces = {};
  std::string empty;
  bool with_empty = false;
  std::vector<OpenFile> open = {};
  bool rolls = false;

  std::string folder() const { return target + "/.klein-" + run; }
  std::string staged(const std::string& name) const { return folder() + "/" + name; }
  std::string shown(const std::string& name) const { return target + "/" + name; }

  Bytes to_bytes() const;
  static Result<StagedFiles> from_bytes(BytesView bytes);
};

/// Where rows are logged until the file `name` is formed from them: its format can't be cut at a length.
inline constexpr const char* log_extension = ".rows";

/// Forms a file from a log of rows.
using FormFile = std::function<Result<>(const std::string& log, const std::string& file)>;

/// Renames a token's files into place, notes how far the open ones are, and removes what is replaced.
Result<> show_staged(BytesView token);
/// Removes a token's files where they are not shown. What an earlier token has committed of them stays.
Result<> drop_staged(BytesView token);
/// Ends the run whose residue this is: open files are shown, as far as they are committed, and its folder goes.
Result<> clear_staged(BytesView residue, const FormFile& form = nullptr);

/// Makes a file's bytes, or a folder's names, survive a loss of power.
Result<> make_durable(const std::string& path);

}  // namespace klein
