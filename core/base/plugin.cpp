#include "base/plugin.h"

#include <dlfcn.h>

namespace klein {

namespace {

/// The folder that this library was loaded from.
std::string own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || !info.dli_fname) return ".";
  const std::string path = info.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

Result<const void*> open_plugin(const std::string& name, const std::string& what) {
  const auto path = own_folder() + "/" + name + ".so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library ? dlsym(library, (name + "_plugin").c_str()) : nullptr;
  if (!symbol) {
    return Error(
        Code::not_found, what + " can't be used: " + path + " does not load, install pyklein again: " + dlerror());
  }
  return reinterpret_cast<const void* (*)()>(symbol)();
}

}  // namespace klein
