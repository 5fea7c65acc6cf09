#pragma once
// Sessions that OpenVINO runs: a model is compiled for each shape of its input that is asked for, or taken from the
// cache; all callers share it, each with a request of its own, which computes on the caller's thread.

#include <memory>
#include <string>

#include "base/result.h"
#include "inference/model_session.h"

namespace klein {

/// Reads what an ONNX model from a file that exists says of itself; it is compiled with its first call.
Result<std::shared_ptr<const ModelSession>> open_openvino_session(const std::string& path, Precision precision);

}  // namespace klein
