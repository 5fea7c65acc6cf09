#include "connectors/staged_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "base/value.h"
#include "connectors/paths.h"
#include "connectors/staging.h"

namespace klein {

namespace fs = std::filesystem;

namespace {

constexpr const char* valid_extension = ".valid";    // how many bytes of the file are committed
constexpr const char* formed_extension = ".formed";  // the log from which the staged file was formed whole
constexpr const char* replaces_name = "replaces";    // a token whose old files go when a new one is shown

/// Removes a file; one that is not there is removed.
Result<> remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove", path);
  return {};
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

Result<> rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return system_error("show", to);
  return {};
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

Result<> make_folder(const std::string& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) KLEIN_TRY(make_durable(parent_of(folder)));
  if (error) return Error(Code::io, "cannot make the folder " + folder + ": " + error.message());
  return {};
}

/// Writes a small file whole or not at all.
Result<> write_note(const std::string& path, BytesView bytes) {
  const auto fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) return system_error("write", fresh);
  }
  KLEIN_TRY(make_durable(fresh));
  KLEIN_TRY(rename(fresh, path));
  return make_durable(parent_of(path));
}

/// What a note says; nothing: there is none.
std::optional<std::string> read_note(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<std::int64_t> valid_length(const std::string& note) {
  try {
    return std::stoll(note);
  } catch (const std::exception&) {
    return Error(Code::corrupt, "the note of how far a file is committed holds no number: '" + note + "'");
  }
}

Result<> show(const StagedFiles& token, const std::string& name) {
  const auto staged = token.staged(name), shown = token.shown(name);
  if (is_file(staged)) {
    KLEIN_TRY(make_folder(parent_of(shown)));
    return rename(staged, shown);
  }
  if (is_file(shown)) return {};  // committed before
  // Whoever reads the output may have taken it away since: it was durable before it was in a token, so it was shown.
  if (std::filesystem::is_directory(parent_of(staged))) return {};
  return Error(Code::corrupt, "a file that was staged is gone: " + staged);
}

/// What was noted while the file was open is of no more use once it is shown.
Result<> forget_notes(const StagedFiles& token, const std::string& name) {
  const auto log = token.staged(name) + log_extension;
  KLEIN_TRY(remove(token.staged(name) + valid_extension));
  KLEIN_TRY(remove(log + valid_extension));
  KLEIN_TRY(remove(log + formed_extension));
  return remove(log);
}

/// Never back: an old token may be committed again after a newer one.
Result<> note_open(const StagedFiles& token, const OpenFile& open) {
  const auto path = token.staged(open.name);
  if (!is_file(path)) return {};  // shown meanwhile
  const auto before = read_note(path + valid_extension);
  if (before && KLEIN_TRY(valid_length(*before)) >= open.length) return {};
  return write_note(path + valid_extension, std::to_string(open.length));
}

/// The empty file stands where there is nothing else, whatever the order in which the run's tokens are committed.
Result<> settle_empty(const StagedFiles& token) {
  const auto extension = token.empty.substr(token.empty.rfind('.') + 1);
  const auto others = KLEIN_TRY(files_below(token.target, {extension}));
  if (!token.files.empty()) {
    for (const auto& path : others) {
      if (fs::path(path).filename().string().starts_with(empty_prefix)) KLEIN_TRY(remove(path));
    }
    return {};
  }
  if (!token.with_empty || !is_file(token.staged(token.empty))) return {};
  return others.empty() ? show(token, token.empty) : remove(token.staged(token.empty));
}

/// The new files stand before the first old one goes: at no moment does the target hold less than one of the two.
Result<> settle_replaced(const StagedFiles& token, bool shown) {
  const auto note = token.staged(replaces_name);
  if (!shown) return token.replaces.empty() ? Result<>() : write_note(note, token.to_bytes());
  for (const auto& path : token.replaces) KLEIN_TRY(remove(token.shown(path)));
  if (const auto noted = read_note(note)) {
    for (const auto& path : KLEIN_TRY(StagedFiles::from_bytes(*noted)).replaces) KLEIN_TRY(remove(token.shown(path)));
    KLEIN_TRY(remove(note));
  }
  return {};
}

Result<> make_shown_durable(const StagedFiles& token) {
  std::set<std::string> folders{token.target};
  for (const auto& name : token.files) folders.insert(parent_of(token.shown(name)));
  for (const auto& folder : folders) KLEIN_TRY(make_durable(folder));
  return {};
}

/// Forms the file that a log of rows is for. Once the log is renamed the file is whole, and is not formed again.
Result<> form_from(const std::string& log, const std::string& file, const FormFile& form) {
  if (!form) return Error(Code::internal, "a log of rows was staged by a kind that forms no file: " + log);
  KLEIN_TRY(form(log, file));
  KLEIN_TRY(make_durable(file));
  return rename(log, file + formed_extension);
}

/// The file of the note, cut at what is committed of it and ready to be shown; nothing: it was shown before.
Result<std::optional<std::string>> completed(const StagedFiles& token, const std::string& note, const FormFile& form) {
  const auto path = note.substr(0, note.size() - std::string_view(valid_extension).size());
  const bool is_log = path.ends_with(log_extension);
  const auto file = is_log ? path.substr(0, path.size() - std::string_view(log_extension).size()) : path;
  auto name = file.substr(token.folder().size() + 1);
  if (is_file(token.shown(name))) return std::optional<std::string>();  // its log had not been removed yet
  if (is_file(path)) {
    const auto length = KLEIN_TRY(valid_length(read_note(note).value_or("")));
    if (::truncate(path.c_str(), length) != 0) return system_error("cut", path);
    KLEIN_TRY(is_log ? form_from(path, file, form) : make_durable(path));
  } else if (!is_log || !is_file(file + formed_extension) || !is_file(file)) {
    return std::optional<std::string>();
  }
  return std::optional(std::move(name));
}

Result<std::vector<std::string>> notes_in(const std::string& folder) {
  std::vector<std::string> notes;
  std::error_code error;
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
    if (i->path().string().ends_with(valid_extension)) notes.push_back(i->path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return Error(Code::io, "cannot list the folder " + folder + ": " + error.message());
  return notes;
}

}  // namespace

Result<> make_durable(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", path);
  const bool synced = ::fsync(descriptor) == 0 || errno == EINVAL;  // some file systems can't sync a folder
  auto failure = system_error("make durable", path);
  ::close(descriptor);
  if (!synced) return failure;
  return {};
}

Result<> show_staged(BytesView bytes) {
  const auto token = KLEIN_TRY(StagedFiles::from_bytes(bytes));
  for (const auto& name : token.files) {
    KLEIN_TRY(show(token, name));
    KLEIN_TRY(forget_notes(token, name));
  }
  for (const auto& open : token.open) KLEIN_TRY(note_open(token, open));
  KLEIN_TRY(settle_replaced(token, !token.files.empty() || !token.rolls));
  KLEIN_TRY(settle_empty(token));
  return make_shown_durable(token);
}

Result<> clear_staged(BytesView residue, const FormFile& form) {
  auto token = KLEIN_TRY(StagedFiles::from_bytes(residue));
  for (const auto& note : KLEIN_TRY(notes_in(token.folder()))) {
    const auto name = KLEIN_TRY(completed(token, note, form));
    if (!name) continue;
    KLEIN_TRY(show(token, *name));
    token.files.push_back(*name);
  }
  KLEIN_TRY(settle_replaced(token, true));
  if (!token.files.empty()) {
    KLEIN_TRY(settle_empty(token));
    KLEIN_TRY(make_shown_durable(token));
  }
  std::error_code error;
  fs::remove_all(token.folder(), error);
  if (error) return Error(Code::io, "cannot remove what was staged in " + token.folder() + ": " + error.message());
  return {};
}

Result<> drop_staged(BytesView bytes) {
  const auto token = KLEIN_TRY(StagedFiles::from_bytes(bytes));
  for (const auto& name : token.files) {
    if (!is_file(token.staged(name) + valid_extension)) KLEIN_TRY(remove(token.staged(name)));
  }
  if (token.with_empty) KLEIN_TRY(remove(token.staged(token.empty)));
  ::rmdir(token.folder().c_str());
  return {};
}

}  // namespace klein
