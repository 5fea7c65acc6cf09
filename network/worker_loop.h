#pragma once
// The worker's side: a process that loads one function and calls it with what the engine sends, until it is told to
// stop or the engine is gone.

#include <functional>
#include <memory>
#include <string>

#include "op/function.h"

namespace klein {

/// What the language of the function does for it.
struct WorkerLanguage {
  std::function<Result<std::unique_ptr<FunctionInstance>>(const std::string&)> load;
  /// What an error was caused by, so that the engine's process can raise it; empty: it can't be stored.
  std::function<std::string(const Error&)> store_cause;
};

/// With the shared memory and the bell that WorkerProcess gave. Returns when it was told to stop.
Result<> serve_calls(int memory, int bell, const WorkerLanguage& language);

}  // namespace klein
