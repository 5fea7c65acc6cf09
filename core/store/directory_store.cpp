// The store in a folder. An object is written to a file of its own beside its place, made durable, and then renamed
// (put) or linked (create: the link fails where the name exists) to it; the folder's entry is made durable too.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

#include "base/mutex.h"
#include "store/store.h"

namespace klein {

namespace {

namespace fs = std::filesystem;

Error failure(const std::string& what, const fs::path& path) {
  return Error(Code::io, what + " " + path.string() + ": " + std::strerror(errno));
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

Result<> write_durably(const fs::path& path, BytesView bytes) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (file.number() < 0) return failure("can't create", path);
  while (!bytes.empty()) {
    const auto written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure("can't write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.number()) != 0) return failure("can't make durable", path);
  return {};
}

Result<> sync_folder(const fs::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0 || ::fsync(opened.number()) != 0) return failure("can't make durable", folder);
  return {};
}

/// The folders that stores of this process have claimed: the system's lock keeps other processes out, not this one.
class Claim {
 public:
  ~Claim() {
    const Lock lock(mutex);
    if (!folder_.empty()) folders.erase(folder_);
  }
  Claim() = default;
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  bool try_enter(const fs::path& folder) {
    std::error_code error;
    const auto name = fs::weakly_canonical(folder, error).string();
    const Lock lock(mutex);
    if (!folders.insert(name).second) return false;
    folder_ = name;
    return true;
  }

 private:
  static inline Mutex mutex;
  static inline std::set<std::string> folders KLEIN_GUARDED_BY(mutex);
  std::string folder_;
};

class DirectoryStore final : public Store {
 public:
  explicit DirectoryStore(fs::path folder) : folder_(std::move(folder)) {}

  Result<bool> claim() override {
    if (!claim_.try_enter(folder_)) return false;
    const auto place = folder_ / ".claim";
    file_ = std::make_unique<Descriptor>(::open(place.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (file_->number() < 0) return failure("can't create", place);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file_->number(), F_SETLK, &whole) == 0) {
      KLEIN_TRY(remove_staged());
      return true;
    }
    if (errno != EACCES && errno != EAGAIN) return failure("can't claim", place);
    return false;
  }

  Result<std::optional<Bytes>> read(const std::string& key) const override {
    KLEIN_TRY(check_key(key));
    errno = 0;
    std::ifstream file(folder_ / key, std::ios::binary);
    if (!file && errno == ENOENT) return std::optional<Bytes>();
    if (!file) return failure("can't open", folder_ / key);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    if (file.bad()) return failure("can't read", folder_ / key);
    return std::optional(std::move(bytes).str());
  }

  Result<> put(const std::string& key, BytesView bytes) override {
    const auto staged = KLEIN_TRY(stage(key, bytes));
    if (::rename(staged.c_str(), (folder_ / key).c_str()) != 0) {
      auto failed = failure("can't put", folder_ / key);
      ::unlink(staged.c_str());
      return failed;
    }
    return sync_folder((folder_ / key).parent_path());
  }

  Result<bool> create(const std::string& key, BytesView bytes) override {
    const auto staged = KLEIN_TRY(stage(key, bytes));
    const bool created = ::link(staged.c_str(), (folder_ / key).c_str()) == 0;
    const int why = errno;
    ::unlink(staged.c_str());
    if (!created && why == EEXIST) return false;
    errno = why;
    if (!created) return failure("can't create", folder_ / key);
    KLEIN_TRY(sync_folder((folder_ / key).parent_path()));
    return true;
  }

  Result<std::vector<std::string>> list(const std::string& prefix) const override {
    std::error_code error;
    std::vector<std::string> keys;
    for (auto next = fs::recursive_directory_iterator(folder_, error); !error && next != fs::end(next);
         next.increment(error)) {
      auto key = next->path().lexically_relative(folder_).generic_string();
      const bool staged = next->path().filename().string().starts_with(".");
      if (!staged && key.starts_with(prefix) && next->is_regular_file(error)) keys.push_back(std::move(key));
    }
    if (error) return Error(Code::io, "can't list " + folder_.string() + ": " + error.message());
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  Result<> remove(const std::string& key) override {
    KLEIN_TRY(check_key(key));
    if (::unlink((folder_ / key).c_str()) != 0 && errno != ENOENT) return failure("can't remove", folder_ / key);
    if (const auto folder = (folder_ / key).parent_path(); folder != folder_)
      ::rmdir(folder.c_str());  // where it is empty
    return {};
  }

 private:
  /// The bytes, durable, in a file beside the key's place that no other call uses.
  Result<fs::path> stage(const std::string& key, BytesView bytes) {
    KLEIN_TRY(check_key(key));
    static std::atomic<int> number{0};
    const auto place = folder_ / key;
    std::error_code error;
    fs::create_directories(place.parent_path(), error);
    if (error) return Error(Code::io, "can't make the folder of " + place.string() + ": " + error.message());
    auto staged = place.parent_path() / ("." + place.filename().string() + "." + std::to_string(::getpid()) + "." +
                                         std::to_string(number.fetch_add(1)));
    auto written = write_durably(staged, bytes);
    if (!written.ok()) {
      ::unlink(staged.c_str());
      return std::move(written).error();
    }
    return staged;
  }

  /// What a process left that died while it wrote.
  Result<> remove_staged() {
    std::error_code error;
    std::vector<fs::path> staged;
    for (auto next = fs::recursive_directory_iterator(folder_, error); !error && next != fs::end(next);
         next.increment(error)) {
      const auto name = next->path().filename().string();
      if (name.starts_with(".") && name != ".claim" && next->is_regular_file(error)) staged.push_back(next->path());
    }
    if (error) return Error(Code::io, "can't list " + folder_.string() + ": " + error.message());
    for (const auto& path : staged) ::unlink(path.c_str());
    return {};
  }

  const fs::path folder_;
  Claim claim_;
  std::unique_ptr<Descriptor> file_;  // its lock ends with it, and with the process; a process forked from it has none
};

}  // namespace

Result<std::unique_ptr<Store>> make_directory_store(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error(Code::io, "can't make the folder " + folder + ": " + error.message());
  return std::make_unique<DirectoryStore>(fs::absolute(folder));
}

}  // namespace klein
