#pragma once
// Where the shared library of a runtime is: in the wheel that it came in.

#include <optional>
#include <string>
#include <string_view>

namespace klein {

/// A wheel's name, the folder of its libraries within it, and how the library's name begins.
struct Wheel {
  std::string_view name, folder, library;
  const char* variable;  // of the environment, which may say where it is
};

/// The library in a wheel's folder, or in the folder of libraries itself: `libonnxruntime.so.1.32.0`.
std::optional<std::string> library_in(const std::string& folder, const Wheel& wheel);
/// What was set, else what the environment says, else the wheel beside Klein's own.
std::string place_of(const Wheel& wheel, const std::string& set);

}  // namespace klein
