#include "inference/running.h"

namespace klein {

Result<Running> running_of(const Params& params) {
  const auto& precision = params.string("precision");
  const auto& runtime = params.string("runtime");
  Running running{.model = params.string("model")};
  if (runtime == "openvino") running.runtime = Runtime::openvino;
  if (precision == "bf16") {
    if (runtime == "onnxruntime") {
      return Error(
          Code::invalid, "ONNX Runtime has no bf16 on processors: leave out runtime=, and OpenVINO computes in it");
    }
    running.precision = Precision::bf16;
    running.runtime = Runtime::openvino;
  }
  if (precision == "int8" || precision == "auto") {
    return Error(Code::invalid, "precision=\"" + precision + "\" is not built yet: use \"fp32\" or \"bf16\"");
  }
  return running;
}

Result<std::shared_ptr<const ModelSession>> session_of(const Params& params) {
  const auto running = KLEIN_TRY(running_of(params));
  return open_model(running.model, running.runtime, running.precision);
}

}  // namespace klein
