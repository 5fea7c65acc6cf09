#pragma once
// What a sink of files has staged, as its token says it, and what is done with it: shown, dropped, cleared away. Any
// process may do that, from the bytes alone; each of these again with the same bytes does nothing more.
//
// A token is JSON: {"version": 1, "target": absolute path, "run": text, "files": [names], "empty": the name of the file
// to show where there is nothing else, "with_empty": whether it is staged, "replaces": [paths below target]}. Version 2
// adds "open": [{"name", "length"}], files that go on growing behind that length, and "rolls": true, which keeps what
// is replaced until a new file is shown. A name may have folders: `day=1/part-00000-00000-<run>.json`.

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
