#pragma once
// Plug-ins beside libklein: opened on first use and never closed, since what they made may outlive any owner.

#include <string>

#include "base/result.h"

namespace klein {

/// What the one function `NAME_plugin` of `NAME.so`, which lies beside this library, returns. `what` the user wanted is
/// named where it does not load.
Result<const void*> open_plugin(const std::string& name, const std::string& what);

}  // namespace klein
