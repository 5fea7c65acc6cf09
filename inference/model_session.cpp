// What every runtime's sessions share: the words for tensors, and the process's table of loaded models.

#include "inference/model_session.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "inference/onnxruntime_session.h"
#include "inference/openvino_session.h"

namespace klein {
namespace {

constexpr std::size_t kept_models = 4;

struct Loaded {
  Mutex mutex;  // held while loading, so that tasks that start together load once
  std::string identity KLEIN_GUARDED_BY(mutex);
  std::weak_ptr<const ModelSession> session KLEIN_GUARDED_BY(mutex);
};

class LoadedModels {
 public:
  std::shared_ptr<Loaded> at(const std::string& path) {
    const Lock lock(mutex_);
    auto& loaded = models_[path];
    if (!loaded) loaded = std::make_shared<Loaded>();
    return loaded;
  }

  /// Keeps the last few models, since planning opens a model before its tasks do.
  void keep(std::shared_ptr<const ModelSession> session) {
    std::shared_ptr<const ModelSession> let_go;  // destroyed without the lock
    const Lock lock(mutex_);
    let_go = std::exchange(kept_[next_kept_], std::move(session));
    next_kept_ = (next_kept_ + 1) % kept_models;
  }
  void forget(const std::shared_ptr<const ModelSession>& session) {
    const Lock lock(mutex_);
    for (auto& kept : kept_) {
      if (kept == session) kept = nullptr;
    }
  }

 private:
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<Loaded>> models_ KLEIN_GUARDED_BY(mutex_);
  std::array<std::shared_ptr<const ModelSession>, kept_models> kept_ KLEIN_GUARDED_BY(mutex_);
  std::size_t next_kept_ KLEIN_GUARDED_BY(mutex_) = 0;
};

/// Names the file's content as far as the file system can tell.
Result<std::string> identity(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return Error(missing ? Code::not_found : Code::io,
                 (missing ? "no such model file: "
                          : "the model file can't be read, " + std::string(std::strerror(errno)) + ": ") +
                     path);
  }
  if (!S_ISREG(status.st_mode)) return Error(Code::invalid, "the model is not a file: " + path);
  std::string key;
  for (const auto part : {std::int64_t(status.st_dev), std::int64_t(status.st_ino), std::int64_t(status.st_size),
                          std::int64_t(status.st_mtim.tv_sec), std::int64_t(status.st_mtim.tv_nsec)}) {
    key += std::to_string(part) + ' ';
  }
  return key;
}

}  // namespace

std::string_view to_string(ElementType type) {
  static constexpr std::string_view names[] = {
      "float32", "float64", "float16", "bfloat16", "int8",   "int16",   "int32",
      "int64",   "uint8",   "uint16",  "uint32",   "uint64", "boolean", "string"};
  return names[static_cast<std::size_t>(type)];
}

std::size_t size_of(ElementType type) {
  static constexpr std::size_t sizes[] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 2, 4, 8, 1, 0};
  return sizes[static_cast<std::size_t>(type)];
}

std::int64_t element_count(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const auto size : shape) count *= size;
  return count;
}

std::string TensorInfo::text() const {
  std::string sizes;
  for (const auto size : shape) sizes += (sizes.empty() ? "" : ", ") + (size < 0 ? "?" : std::to_string(size));
  return name + ": " + std::string(to_string(element)) + "[" + sizes + "]";
}

Result<std::shared_ptr<const ModelSession>> open_model(const std::string& path, Runtime runtime, Precision precision) {
  static auto* const models = new LoadedModels;  // never destroyed: tasks may outlive static objects
  const auto found = KLEIN_TRY(identity(path));
  const auto way = std::string(to_string(runtime)) + ' ' + std::string(to_string(precision)) + ' ';
  const auto loaded = models->at(way + path);
  const Lock lock(loaded->mutex);
  const auto before = loaded->session.lock();
  if (before && loaded->identity == found) return before;
  if (before) models->forget(before);
  auto session =
      KLEIN_TRY(runtime == Runtime::openvino ? open_openvino_session(path, precision) : open_onnxruntime_session(path));
  loaded->identity = found;
  loaded->session = session;
  models->keep(session);
  return session;
}

}  // namespace klein
