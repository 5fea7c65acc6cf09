#pragma once
// OnnxFile — what an ONNX file says of itself: read from its bytes, without a runtime, so that a model whose compiled
// form is at hand need not be read by one. Only the outermost of it is looked at.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "inference/model_session.h"

namespace klein {

struct OnnxFile {
  std::vector<TensorInfo> inputs, outputs;  // a shape that the file does not know is empty
  std::uint64_t digest = 0;                 // of its bytes
  bool whole = true;       // false: weights lie in files beside it, and the digest says nothing of them
  bool quantized = false;  // it computes in integers where it was told to
};

/// Errors: the file can't be read, or is not an ONNX model.
Result<OnnxFile> read_onnx_file(const std::string& path);

}  // namespace klein
