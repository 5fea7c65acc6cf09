// The cache of models on disk. Entry: the model's bytes, then a seal of 24 bytes: "KLEINM01", their number, their hash.

#include "inference/model_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/logger.h"
#include "state/key_groups.h"

namespace klein {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "KLEINM01";
constexpr std::size_t seal_bytes = 24;
constexpr std::uintmax_t usual_limit = std::uintmax_t{1} << 30;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string seal_of(BytesView content) {
  const std::uint64_t numbers[] = {content.size(), hash_key(content)};
  std::string seal(magic);
  seal.append(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  return seal;
}

/// Removes the least used entries until the rest is no more than the folder may hold.
void prune(const fs::path& folder) {
  const auto given = environment("KLEIN_CACHE_BYTES");
  const auto limit = given.empty() ? usual_limit : std::strtoull(given.c_str(), nullptr, 10);
  struct Entry {
    fs::file_time_type used;
    std::uintmax_t bytes;
    fs::path path;
  };
  std::vector<Entry> entries;
  std::error_code gone;  // another process may remove what this one sees
  std::uintmax_t total = 0;
  for (const auto& each : fs::directory_iterator(folder, gone)) {
    const auto bytes = each.file_size(gone);
    if (gone) continue;
    entries.push_back({each.last_write_time(gone), bytes, each.path()});
    total += bytes;
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.used < b.used; });
  for (const auto& entry : entries) {
    if (total <= limit) return;
    fs::remove(entry.path, gone);
    total -= entry.bytes;
  }
}

bool seal(const fs::path& path) {
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  std::ofstream stream(path, std::ios::binary | std::ios::app);
  stream << seal_of(content.view());
  return static_cast<bool>(stream.flush());
}

}  // namespace

std::string model_cache_folder() {
  if (const auto given = environment("KLEIN_CACHE"); !given.empty()) return given;
  if (const auto given = environment("XDG_CACHE_HOME"); !given.empty()) return given + "/klein";
  const auto home = environment("HOME");
  return home.empty() ? "" : home + "/.cache/klein";
}

MappedFile::~MappedFile() { ::munmap(start_, size_); }

std::shared_ptr<const MappedFile> find_model(const std::string& name) {
  const auto path = fs::path(model_cache_folder()) / name;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  std::error_code ignored;
  const auto size = static_cast<std::size_t>(fs::file_size(path, ignored));
  void* start = ignored || size == 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  const auto content = size < seal_bytes ? 0 : size - seal_bytes;
  if (start != MAP_FAILED) {
    auto mapped = std::make_shared<const MappedFile>(start, size, content);
    const BytesView seal(mapped->bytes().data() + content, size - content);
    if (seal == seal_of(mapped->bytes())) {
      fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);  // it was used
      return mapped;
    }
  }
  static const Logger logger(to_standard_error());
  logger.log(Level::warning, "a model kept from before was damaged and is made anew: " + path.string());
  fs::remove(path, ignored);
  return nullptr;
}

void keep_model(const std::string& name, const std::function<bool(const std::string& path)>& write) {
  const fs::path folder = model_cache_folder();
  std::error_code failed;
  if (folder.empty() || (fs::create_directories(folder, failed), failed)) return;
  static std::atomic<int> number = 0;
  const auto unfinished =
      folder / (name + "." + std::to_string(::getpid()) + "." + std::to_string(number.fetch_add(1)) + ".part");
  if (write(unfinished.string()) && seal(unfinished)) fs::rename(unfinished, folder / name, failed);
  fs::remove(unfinished, failed);  // where it is still there
  prune(folder);
}

}  // namespace klein
