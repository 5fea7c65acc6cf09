#include "inference/wheel.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

namespace klein {

std::optional<std::string> library_in(const std::string& folder, const Wheel& wheel) {
  const std::filesystem::path whole(folder);
  for (const auto& place : {whole / wheel.folder, whole}) {
    std::error_code ignored;  // an unreadable folder holds no library
    for (const auto& entry : std::filesystem::directory_iterator(place, ignored)) {
      if (entry.path().filename().string().starts_with(wheel.library)) return entry.path().string();
    }
  }
  return std::nullopt;
}

std::string place_of(const Wheel& wheel, const std::string& set) {
  if (!set.empty()) return set;
  const char* environment = std::getenv(wheel.variable);
  if (environment != nullptr && *environment != '\0') return environment;
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&place_of), &info) == 0 || info.dli_fname == nullptr) return "";
  std::error_code ignored;
  const auto klein = std::filesystem::absolute(info.dli_fname, ignored);
  return (klein.parent_path().parent_path() / wheel.name).string();
}

}  // namespace klein
