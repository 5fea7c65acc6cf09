#pragma once
// Sessions that ONNX Runtime runs: one thread a call (the executor owns parallelism), no spinning, one small arena.

#include <memory>
#include <string>

#include "base/result.h"
#include "inference/model_session.h"

namespace klein {

/// Loads an ONNX model from a file that exists.
Result<std::shared_ptr<const ModelSession>> open_onnxruntime_session(const std::string& path);

}  // namespace klein
