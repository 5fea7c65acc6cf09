#pragma once
// ONNX Runtime's shared library, opened from the installed wheel when the first model is loaded; Klein links no
// runtime.

#include <memory>
#include <string>

#include "base/result.h"
#include "inference/ort_abi.h"

namespace klein {

/// Where the library is: the file, or the folder that holds it (`site-packages/onnxruntime`, or its `capi`). Looked at
/// before KLEIN_ONNXRUNTIME (the same, from the environment) and before the wheel beside Klein's own. Call before the
/// first model is opened. Any thread.
void set_onnxruntime_library(std::string path);

/// The opened library and what all sessions share. Constant; lives as long as the process.
struct OnnxRuntime {
  ort::Api api;
  ort::OrtEnv* environment = nullptr;
  ort::OrtMemoryInfo* memory = nullptr;  // the CPU's
  std::string path;
};

/// Opens the library at the first call. Errors name the places looked at; the next call tries again. Any thread.
Result<const OnnxRuntime*> onnxruntime();

/// Opens the library in a file or folder, without keeping it.
Result<std::unique_ptr<OnnxRuntime>> load_onnxruntime(const std::string& path);
/// The functions of a library, or what is wrong with its version.
Result<ort::Api> api_of(const ort::ApiBase& base, const std::string& path);

/// The runtime's failure as ours; success where `status` is null. Releases `status`.
Result<> check(const ort::Api& api, ort::OrtStatus* status, Code code);

}  // namespace klein
