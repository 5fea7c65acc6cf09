// Finds and opens ONNX Runtime's library, and sets up what its sessions share.

#include "inference/onnxruntime_library.h"

#include <dlfcn.h>

#include <filesystem>
#include <optional>

#include "base/mutex.h"
#include "inference/wheel.h"

namespace klein {
namespace {

constexpr Wheel wheel{"onnxruntime", "capi", "libonnxruntime.so", "KLEIN_ONNXRUNTIME"};

struct Opened {
  Mutex mutex;
  std::string path KLEIN_GUARDED_BY(mutex);
  std::unique_ptr<OnnxRuntime> runtime KLEIN_GUARDED_BY(mutex);
};

Opened& opened() {
  static auto* const the_one = new Opened;  // never destroyed: sessions may outlive static objects
  return *the_one;
}

/// An arena for all sessions together that grows by what is asked for, not to the next power of two.
Result<> share_small_arena(OnnxRuntime& runtime) {
  const auto& api = runtime.api;
  static constexpr const char* keys[] = {"arena_extend_strategy"};
  static constexpr std::size_t as_requested[] = {1};
  ort::OrtArenaCfg* arena = nullptr;
  KLEIN_TRY(check(api, api.CreateArenaCfgV2(keys, as_requested, 1, &arena), Code::internal));
  auto* status = api.CreateAndRegisterAllocator(runtime.environment, runtime.memory, arena);
  api.ReleaseArenaCfg(arena);
  return check(api, status, Code::internal);
}

}  // namespace

Result<> check(const ort::Api& api, ort::OrtStatus* status, Code code) {
  if (status == nullptr) return {};
  const std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return Error(code, message);
}

Result<ort::Api> api_of(const ort::ApiBase& base, const std::string& path) {
  const void* table = base.get_api(ort::oldest_api);
  if (table != nullptr) return ort::pick(table);
  return Error(Code::unavailable,
               "ONNX Runtime is too old, run: pip install -U 'onnxruntime>=1." + std::to_string(ort::oldest_api) +
                   "' (found version " + base.get_version_string() + " at " + path + ")");
}

Result<std::unique_ptr<OnnxRuntime>> load_onnxruntime(const std::string& path) {
  std::error_code ignored;
  const auto file = std::filesystem::is_directory(path, ignored) ? library_in(path, wheel) : path;
  if (!file || !std::filesystem::exists(*file, ignored)) {
    return Error(Code::not_found,
                 "ONNX Runtime is not installed, run: pip install onnxruntime (no libonnxruntime.so in " + path + ")");
  }
  void* library = dlopen(file->c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: it has threads and static objects
  if (library == nullptr) return Error(Code::unavailable, "ONNX Runtime can't be opened: " + std::string(dlerror()));
  const auto entry = reinterpret_cast<ort::GetApiBase>(dlsym(library, "OrtGetApiBase"));
  if (entry == nullptr)
    return Error(Code::unavailable, "not ONNX Runtime's library, OrtGetApiBase is missing: " + *file);
  auto runtime = std::make_unique<OnnxRuntime>();
  runtime->path = *file;
  runtime->api = KLEIN_TRY(api_of(*entry(), *file));
  const auto& api = runtime->api;
  KLEIN_TRY(check(api, api.CreateEnv(ort::ORT_LOGGING_LEVEL_FATAL, "klein", &runtime->environment), Code::internal));
  auto* status = api.CreateCpuMemoryInfo(ort::OrtArenaAllocator, ort::OrtMemTypeDefault, &runtime->memory);
  KLEIN_TRY(check(api, status, Code::internal));
  KLEIN_TRY(share_small_arena(*runtime));
  return runtime;
}

void set_onnxruntime_library(std::string path) {
  auto& library = opened();
  const Lock lock(library.mutex);
  library.path = std::move(path);
}

Result<const OnnxRuntime*> onnxruntime() {
  auto& library = opened();
  const Lock lock(library.mutex);
  if (!library.runtime) library.runtime = KLEIN_TRY(load_onnxruntime(place_of(wheel, library.path)));
  return library.runtime.get();
}

}  // namespace klein
