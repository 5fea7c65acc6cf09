#pragma once
// What sources and sinks of files share: the files that paths, patterns and folders name, in the order people expect.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace klein {

/// The files that `paths` name, each once. A path is a file, a folder (its files below, at any depth, whose names end
/// in one of `extensions`, if there are any, and do not begin with `_` or `.`), or a pattern of `*`, `?`, `[abc]` and,
/// for folders at any depth, `**`; `~` is the user's home. Those of one path are in natural order: `part-2` before
/// `part-10`. A path that names nothing is an error that says what was looked for; with `none_yet`, a folder or a
/// pattern may.
Result<std::vector<std::string>> list_files(const std::vector<std::string>& paths,
                                            const std::vector<std::string>& extensions, bool none_yet = false);

/// The path as the system knows it: a leading `~` is the user's home. Errors: a scheme, such as `s3://`.
Result<std::string> local_path(const std::string& path);

/// The files below `folder` at any depth, as list_files chooses them, in no order; none where there is no such folder.
Result<std::vector<std::string>> files_below(const std::string& folder, const std::vector<std::string>& extensions);

/// `part-2` before `part-10`: digits are compared as numbers.
bool natural_less(std::string_view a, std::string_view b);

/// Those of `extensions` as people read them: "*.jpg, *.png".
std::string patterns_of(const std::vector<std::string>& extensions);

/// What the operating system said last, as a sentence about a path: "cannot open photos/1.jpg: Permission denied".
Error system_error(std::string_view doing, std::string_view path);

}  // namespace klein
