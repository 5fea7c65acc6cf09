#include "connectors/staging.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>

#include "base/value.h"
#include "connectors/paths.h"

namespace klein {

namespace fs = std::filesystem;

namespace {

constexpr const char* empty_prefix = "part-empty-";

std::string random_id() {
  std::random_device device;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x", device(), device());
  return text.data();
}

std::string absolute(const std::string& path) {
  std::error_code error;
  auto whole = fs::absolute(path, error).lexically_normal().string();
  while (whole.size() > 1 && whole.back() == '/') whole.pop_back();
  return whole;
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

/// Makes a file's bytes, or a folder's names, survive a loss of power.
Result<> make_durable(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", path);
  const bool synced = ::fsync(descriptor) == 0 || errno == EINVAL;  // some file systems can't sync a folder
  auto failure = system_error("make durable", path);
  ::close(descriptor);
  if (!synced) return failure;
  return {};
}

/// Removes a file; one that is not there is removed.
Result<> remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove", path);
  return {};
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

struct Token {
  std::string target, run;
  std::vector<std::string> files, replaces;
  std::string empty;
  bool with_empty = false;

  std::string folder() const { return target + "/.klein-" + run; }
  std::string staged(const std::string& name) const { return folder() + "/" + name; }
  std::string shown(const std::string& name) const { return target + "/" + name; }
};

Value::List to_list(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

Bytes to_bytes(const Token& token) {
  return to_json(Value::Map{
      {"version", 1},
      {"target", token.target},
      {"run", token.run},
      {"files", to_list(token.files)},
      {"empty", token.empty},
      {"with_empty", token.with_empty},
      {"replaces", to_list(token.replaces)}});
}

Result<std::vector<std::string>> texts(const Value& map, std::string_view key) {
  std::vector<std::string> all;
  const auto* entry = map.find(key);
  const auto* list = entry ? entry->get<Value::List>() : nullptr;
  if (!list) return Error(Code::corrupt, "a token of staged files has no list '" + std::string(key) + "'");
  for (const auto& value : *list) {
    const auto* text = value.get<std::string>();
    if (!text) return Error(Code::corrupt, "a token of staged files names a file that is no text");
    all.push_back(*text);
  }
  return all;
}

Result<std::string> text(const Value& map, std::string_view key) {
  const auto* entry = map.find(key);
  const auto* found = entry ? entry->get<std::string>() : nullptr;
  if (!found) return Error(Code::corrupt, "a token of staged files has no text '" + std::string(key) + "'");
  return *found;
}

Result<Token> from_bytes(BytesView bytes) {
  const auto tree = KLEIN_TRY(parse_json(bytes));
  const auto* version = tree.find("version");
  if (!version || *version != Value(1)) {
    return Error(Code::corrupt, "this is no token of staged files that this version can read");
  }
  Token token;
  token.target = KLEIN_TRY(text(tree, "target"));
  token.run = KLEIN_TRY(text(tree, "run"));
  token.empty = KLEIN_TRY(text(tree, "empty"));
  token.files = KLEIN_TRY(texts(tree, "files"));
  token.replaces = KLEIN_TRY(texts(tree, "replaces"));
  const auto* with_empty = tree.find("with_empty");
  token.with_empty = with_empty && *with_empty == Value(true);
  return token;
}

Result<> show(const Token& token, const std::string& name) {
  if (std::rename(token.staged(name).c_str(), token.shown(name).c_str()) == 0) return {};
  if (errno != ENOENT) return system_error("show", token.shown(name));
  if (is_file(token.shown(name))) return {};  // committed before
  return Error(Code::corrupt, "a file that was staged is gone: " + token.staged(name));
}

/// The empty file stands where there is nothing else, whatever the order in which the run's tokens are committed.
Result<> settle_empty(const Token& token) {
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

}  // namespace

Result<WriteMode> write_mode(const std::string& name) {
  if (name == "error") return WriteMode::error;
  if (name == "overwrite") return WriteMode::overwrite;
  if (name == "append") return WriteMode::append;
  return Error(Code::invalid, "mode is \"error\", \"overwrite\" or \"append\", not " + quoted(name));
}

Staging::Staging(std::string target, WriteMode mode, std::string extension)
    : target_(absolute(target)),
      extension_(std::move(extension)),
      mode_(mode),
      run_(random_id()),
      folder_(target_ + "/.klein-" + run_),
      existed_(exists(target_)) {}

Result<> Staging::check() const {
  std::error_code error;
  if (existed_ && !fs::is_directory(target_, error)) {
    return Error(Code::invalid, target_ + " is a file; give the path of a folder to write into");
  }
  if (mode_ == WriteMode::error) {
    const auto present = KLEIN_TRY(files_below(target_, {extension_}));
    if (!present.empty()) {
      return Error(Code::invalid, target_ + " already holds " + std::to_string(present.size()) + " *." + extension_ +
                                      " file(s); give mode=\"overwrite\" to replace them, mode=\"append\" to add to "
                                      "them, or another path");
    }
  }
  auto nearest = fs::path(target_);
  while (!exists(nearest) && nearest.has_relative_path()) nearest = nearest.parent_path();
  if (!fs::is_directory(nearest, error)) {
    return Error(Code::invalid, "cannot make the folder " + target_ + ": " + nearest.string() + " is a file");
  }
  if (::access(nearest.c_str(), W_OK | X_OK) != 0) return system_error("write into", nearest.string());
  return {};
}

Result<std::vector<std::string>> Staging::begin() const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return Error(Code::io, "cannot make the folder " + folder_ + ": " + error.message());
  if (mode_ != WriteMode::overwrite) return std::vector<std::string>{};
  auto present = KLEIN_TRY(files_below(target_, {extension_}));
  for (auto& path : present) path = fs::path(path).lexically_relative(target_).string();
  std::sort(present.begin(), present.end());
  return present;
}

Result<Bytes> Staging::seal(const std::vector<std::string>& files, bool with_empty,
                            const std::vector<std::string>& replaces) const {
  for (const auto& name : files) KLEIN_TRY(make_durable(path(name)));
  if (with_empty) KLEIN_TRY(make_durable(path(empty_name())));
  KLEIN_TRY(make_durable(folder_));
  return to_bytes({.target = target_,
                   .run = run_,
                   .files = files,
                   .replaces = replaces,
                   .empty = empty_name(),
                   .with_empty = with_empty});
}

std::string Staging::empty_name() const { return empty_prefix + run_ + "." + extension_; }

Bytes Staging::residue() const {
  return to_bytes(
      {.target = target_, .run = run_, .files = {}, .replaces = {}, .empty = empty_name(), .with_empty = false});
}

Result<> Staging::discard() const {
  std::error_code error;
  fs::remove_all(folder_, error);
  if (error) return Error(Code::io, "cannot remove what was staged in " + folder_ + ": " + error.message());
  if (!existed_) ::rmdir(target_.c_str());  // only where it is empty
  return {};
}

Result<> show_staged(BytesView bytes) {
  const auto token = KLEIN_TRY(from_bytes(bytes));
  for (const auto& name : token.files) KLEIN_TRY(show(token, name));
  // The new files stand before the first old one goes: at no moment does the target hold less than one of the two.
  for (const auto& path : token.replaces) KLEIN_TRY(remove(token.shown(path)));
  KLEIN_TRY(settle_empty(token));
  return make_durable(token.target);
}

Result<> clear_staged(BytesView residue) {
  const auto token = KLEIN_TRY(from_bytes(residue));
  std::error_code error;
  fs::remove_all(token.folder(), error);
  if (error) return Error(Code::io, "cannot remove what was staged in " + token.folder() + ": " + error.message());
  return {};
}

Result<> drop_staged(BytesView bytes) {
  const auto token = KLEIN_TRY(from_bytes(bytes));
  for (const auto& name : token.files) KLEIN_TRY(remove(token.staged(name)));
  if (token.with_empty) KLEIN_TRY(remove(token.staged(token.empty)));
  ::rmdir(token.folder().c_str());
  return {};
}

}  // namespace klein
