#include "connectors/staging.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <random>
#include <set>

#include "connectors/paths.h"

namespace klein {

namespace fs = std::filesystem;

namespace {

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

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
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

Result<Bytes> Staging::seal(StagedFiles staged) const {
  std::set<std::string> folders{folder_};
  const auto keep = [&](const std::string& name) {
    folders.insert(path(name).substr(0, path(name).rfind('/')));
    return make_durable(path(name));
  };
  for (const auto& name : staged.files) KLEIN_TRY(keep(name));
  for (const auto& file : staged.open) KLEIN_TRY(keep(file.name));
  if (staged.with_empty) KLEIN_TRY(keep(empty_name()));
  for (const auto& folder : folders) KLEIN_TRY(make_durable(folder));
  staged.target = target_;
  staged.run = run_;
  staged.empty = empty_name();
  return staged.to_bytes();
}

std::string Staging::empty_name() const { return empty_prefix + run_ + "." + extension_; }

Bytes Staging::residue() const { return StagedFiles{.target = target_, .run = run_, .empty = empty_name()}.to_bytes(); }

Result<> Staging::discard() const {
  std::error_code error;
  fs::remove_all(folder_, error);
  if (error) return Error(Code::io, "cannot remove what was staged in " + folder_ + ": " + error.message());
  if (!existed_) ::rmdir(target_.c_str());  // only where it is empty
  return {};
}

}  // namespace klein
