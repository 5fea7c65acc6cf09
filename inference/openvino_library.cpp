// Finds and opens OpenVINO's library, and sets up what its models share: a core for each precision, as many streams of
// one thread as the process has cores.

#include "inference/openvino_library.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <optional>

#include "base/cores.h"
#include "base/mutex.h"
#include "inference/wheel.h"

namespace klein {
namespace {

constexpr Wheel wheel{"openvino", "libs", "libopenvino_c.so", "KLEIN_OPENVINO"};

struct Opened {
  Mutex mutex;
  std::string path KLEIN_GUARDED_BY(mutex);
  std::optional<ov::Api> api KLEIN_GUARDED_BY(mutex);
  std::array<std::unique_ptr<OpenVino>, 3> cores KLEIN_GUARDED_BY(mutex);  // one a precision
};

Opened& opened() {
  static auto* const the_one = new Opened;  // never destroyed: models may outlive static objects
  return *the_one;
}

Result<std::string> version_of(const ov::Api& api) {
  ov::ov_version_t version{};
  KLEIN_TRY(check(api, api.ov_get_openvino_version(&version), Code::internal));
  std::string text = version.buildNumber;
  api.ov_version_free(&version);
  return text;
}

Result<std::string> property(const ov::Api& api, const ov::ov_core_t* core, const char* name) {
  char* value = nullptr;
  KLEIN_TRY(check(api, api.ov_core_get_property(core, "CPU", name, &value), Code::internal));
  std::string text = value;
  api.ov_free(value);
  return text;
}

Result<> set_up(OpenVino& runtime, Precision precision) {
  const auto& api = runtime.api;
  KLEIN_TRY(check(api, api.ov_core_create(&runtime.core), Code::internal));
  const auto can = KLEIN_TRY(property(api, runtime.core, "OPTIMIZATION_CAPABILITIES"));
  if (precision == Precision::bf16 && can.find("BF16") == std::string::npos) {
    return Error(Code::unavailable, "OpenVINO has no bf16 on this processor: use precision=\"fp32\" or \"int8\"");
  }
  const auto cores = std::to_string(available_cores());
  const std::pair<const char*, std::string> settings[] = {
      {"INFERENCE_PRECISION_HINT", precision == Precision::bf16 ? "bf16" : "f32"},
      {"INFERENCE_NUM_THREADS", cores},
      {"NUM_STREAMS", cores},  // so a call takes one thread, its caller's
      {"ENABLE_CPU_PINNING", "NO"}};
  for (const auto& [key, value] : settings) {
    KLEIN_TRY(check(api, api.ov_core_set_property(runtime.core, "CPU", key, value.c_str()), Code::internal));
    runtime.identity += value + ' ';
  }
  const auto processor = KLEIN_TRY(property(api, runtime.core, "FULL_DEVICE_NAME"));
  runtime.identity += processor + ' ' + can + ' ' + KLEIN_TRY(version_of(api));
  return {};
}

}  // namespace

Result<> check(const ov::Api& api, int status, Code code) {
  if (status == 0) return {};
  const char* told = api.ov_get_last_err_msg();
  std::string message;
  for (const char* at = told; at != nullptr && *at != '\0'; ++at) {  // of several lines, some of them blank
    if (*at != '\n')
      message += *at;
    else if (!message.empty() && message.back() != ' ')
      message += ' ';
  }
  api.ov_free(told);
  while (!message.empty() && message.back() == ' ') message.pop_back();
  return Error(code, message.empty() ? "OpenVINO failed with status " + std::to_string(status) : message);
}

Result<> check_openvino_version(const std::string& version) {
  if (std::atoi(version.c_str()) >= ov::oldest_year) return {};
  return Error(Code::unavailable, "OpenVINO is too old, run: pip install -U 'openvino>=" +
                                      std::to_string(ov::oldest_year) + "' (found version " + version + ")");
}

Result<ov::Api> load_openvino(const std::string& path) {
  const auto file = library_in(path, wheel);
  if (!file) {
    return Error(
        Code::not_found,
        "OpenVINO is not installed, run: pip install 'pyklein[openvino]' (no libopenvino_c.so in " + path + ")");
  }
  void* library = dlopen(file->c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: it has threads and static objects
  if (library == nullptr) return Error(Code::unavailable, "OpenVINO can't be opened: " + std::string(dlerror()));
  ov::Api api;
  std::string missing;
#define KLEIN_OV_FIND(result, name, parameters)                           \
  api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, #name)); \
  if (api.name == nullptr) missing = #name;
  KLEIN_OV_FUNCTIONS(KLEIN_OV_FIND)
#undef KLEIN_OV_FIND
  if (!missing.empty()) {
    return Error(Code::unavailable, "this OpenVINO is another than Klein knows, it has no " + missing + ": " + *file);
  }
  KLEIN_TRY(check_openvino_version(KLEIN_TRY(version_of(api))));
  return api;
}

void set_openvino_library(std::string path) {
  auto& library = opened();
  const Lock lock(library.mutex);
  library.path = std::move(path);
}

Result<const OpenVino*> openvino(Precision precision) {
  if (precision == Precision::bf16 && !processor_has_bf16()) {
    return Error(Code::unavailable,
                 "this processor has no bf16 instructions (AVX512_BF16), so bf16 saves nothing: use "
                 "precision=\"fp32\" or \"int8\"");
  }
  auto& library = opened();
  const Lock lock(library.mutex);
  auto& core = library.cores[static_cast<std::size_t>(precision)];
  if (core) return core.get();
  if (!library.api) library.api = KLEIN_TRY(load_openvino(place_of(wheel, library.path)));
  auto made = std::make_unique<OpenVino>();
  made->api = *library.api;
  KLEIN_TRY(set_up(*made, precision));
  core = std::move(made);
  return core.get();
}

}  // namespace klein
