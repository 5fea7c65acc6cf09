#include "connectors/paths.h"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

namespace klein {

namespace fs = std::filesystem;

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The digits at the front of `text`, without leading zeros; `text` goes on behind them.
std::string_view take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  auto number = text.substr(0, end);
  text.remove_prefix(end);
  while (number.size() > 1 && number.front() == '0') number.remove_prefix(1);
  return number;
}

bool is_pattern(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

bool has_extension(const std::string& name, const std::vector<std::string>& extensions) {
  if (extensions.empty()) return true;
  const auto dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  auto extension = name.substr(dot + 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

/// Names in a folder; an unreadable folder is an error, one that is gone is empty.
Result<std::vector<fs::directory_entry>> entries_of(const std::string& folder) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator i(folder.empty() ? "." : folder, error), end; !error && i != end; i.increment(error)) {
    entries.push_back(*i);
  }
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
    return Error(Code::io, "cannot list the folder " + folder + ": " + error.message());
  }
  return entries;
}

std::string joined(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

/// `above`: the folders that lead here, so that a link back to one of them is not followed.
Result<> collect_below(const std::string& folder, const std::vector<std::string>& extensions,
                       std::vector<fs::path>& above, std::vector<std::string>& found) {
  std::error_code unreadable;  // listing it says so
  auto here = fs::canonical(folder.empty() ? "." : folder, unreadable);
  if (!unreadable && std::find(above.begin(), above.end(), here) != above.end()) return {};
  above.push_back(std::move(here));
  for (const auto& entry : KLEIN_TRY(entries_of(folder))) {
    const auto name = entry.path().filename().string();
    if (name.front() == '.' || name.front() == '_') continue;
    std::error_code error;
    if (entry.is_directory(error)) {
      KLEIN_TRY(collect_below(joined(folder, name), extensions, above, found));
    } else if (has_extension(name, extensions)) {
      found.push_back(joined(folder, name));
    }
  }
  above.pop_back();
  return {};
}

class Lister {
 public:
  Lister(const std::vector<std::string>& extensions, bool none_yet) : extensions_(extensions), none_yet_(none_yet) {}

  Result<> add(const std::string& path) {
    found_.clear();
    std::error_code error;
    const auto status = fs::status(path, error);
    if (fs::is_directory(status)) {
      KLEIN_TRY(add_folder(path));
    } else if (fs::exists(status)) {
      found_.push_back(path);
    } else if (is_pattern(path)) {
      KLEIN_TRY(add_pattern(path));
    }
    const bool may_be_none = none_yet_ && (fs::is_directory(status) || is_pattern(path));
    if (found_.empty() && !may_be_none) return nothing_at(path, fs::is_directory(status));
    std::sort(found_.begin(), found_.end(), natural_less);
    for (auto& file : found_) {
      if (seen_.insert(file).second) files.push_back(std::move(file));
    }
    return {};
  }

  std::vector<std::string> files;

 private:
  Result<> add_folder(const std::string& folder) {
    for (auto& file : KLEIN_TRY(files_below(folder, extensions_))) found_.push_back(std::move(file));
    return {};
  }

  Result<> add_pattern(const std::string& pattern) {
    const auto absolute = pattern.front() == '/';
    return match(absolute ? "/" : "", pattern.substr(absolute ? pattern.find_first_not_of('/') : 0));
  }

  /// Matches the first part of `rest` below `folder`, then what follows it.
  Result<> match(const std::string& folder, const std::string& rest) {
    const auto slash = rest.find('/');
    const auto part = rest.substr(0, slash);
    const auto next = slash == std::string::npos ? "" : rest.substr(rest.find_first_not_of('/', slash));
    if (part == "**") return match_any_depth(folder, next.empty() ? "*" : next);
    if (!is_pattern(part)) return matched(joined(folder, part), next);
    for (const auto& entry : KLEIN_TRY(entries_of(folder))) {
      const auto name = entry.path().filename().string();
      if (fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) KLEIN_TRY(matched(joined(folder, name), next));
    }
    return {};
  }

  Result<> matched(const std::string& path, const std::string& next) {
    if (!next.empty()) return match(path, next);
    std::error_code error;
    const auto status = fs::status(path, error);
    if (fs::is_directory(status)) return add_folder(path);
    if (fs::exists(status)) found_.push_back(path);
    return {};
  }

  Result<> match_any_depth(const std::string& folder, const std::string& next) {
    KLEIN_TRY(match(folder, next));
    for (const auto& entry : KLEIN_TRY(entries_of(folder))) {
      const auto name = entry.path().filename().string();
      std::error_code error;
      if (name.front() != '.' && entry.is_directory(error) && !entry.is_symlink(error)) {
        KLEIN_TRY(match_any_depth(joined(folder, name), next));
      }
    }
    return {};
  }

  Error nothing_at(const std::string& path, bool folder) const {
    std::error_code error;
    const auto here = fs::current_path(error).string();
    const auto where = path.starts_with('/') ? "" : " (looked in " + here + ")";
    if (folder) {
      const auto what = extensions_.empty() ? "" : patterns_of(extensions_) + " ";
      return Error(Code::not_found, "the folder " + path + " holds no " + what +
                                        "file; names that begin with _ or . are left out" + where);
    }
    if (is_pattern(path)) return Error(Code::not_found, "no file matches the pattern " + path + where);
    return Error(Code::not_found, "there is no file or folder " + path + where);
  }

  const std::vector<std::string>& extensions_;
  const bool none_yet_;
  std::vector<std::string> found_;
  std::set<std::string> seen_;
};

}  // namespace

Result<std::vector<std::string>> files_below(const std::string& folder, const std::vector<std::string>& extensions) {
  std::vector<std::string> found;
  std::vector<fs::path> above;
  KLEIN_TRY(collect_below(folder, extensions, above, found));
  return found;
}

bool natural_less(std::string_view a, std::string_view b) {
  const auto whole_a = a, whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const auto number_a = take_number(a), number_b = take_number(b);
      if (number_a.size() != number_b.size()) return number_a.size() < number_b.size();
      if (number_a != number_b) return number_a < number_b;
    } else if (a.front() != b.front()) {
      return a.front() < b.front();
    } else {
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // `1` and `01` have an order too
}

Result<std::string> local_path(const std::string& path) {
  if (path.starts_with("file:///")) return path.substr(7);
  const auto scheme = path.substr(0, path.find("://"));
  const bool remote = scheme.size() < path.size() && !scheme.empty() &&
                      std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (remote) {
    return Error(
        Code::invalid, path + " is remote, and only local paths work as yet; copy the files to a disk of this " +
                           "machine, or mount what holds them");
  }
  const auto* home = std::getenv("HOME");
  if (!home || !path.starts_with('~') || (path.size() > 1 && path[1] != '/')) return path;
  return home + path.substr(1);
}

std::string patterns_of(const std::vector<std::string>& extensions) {
  std::string text;
  for (const auto& extension : extensions) text += (text.empty() ? "*." : ", *.") + extension;
  return text;
}

Error system_error(std::string_view doing, std::string_view path) {
  const auto code = errno == ENOENT ? Code::not_found : errno == ENOSPC ? Code::resource : Code::io;
  return Error(code, "cannot " + std::string(doing) + " " + std::string(path) + ": " + std::strerror(errno));
}

Result<std::vector<std::string>> list_files(const std::vector<std::string>& paths,
                                            const std::vector<std::string>& extensions, bool none_yet) {
  if (paths.empty()) return Error(Code::invalid, "no path is given; name a file, a folder or a pattern like photos/*");
  Lister lister(extensions, none_yet);
  for (const auto& path : paths) KLEIN_TRY(lister.add(KLEIN_TRY(local_path(path))));
  return std::move(lister.files);
}

}  // namespace klein
