#pragma once
// OpenVINO's shared library, opened from the installed wheel when the first model wants it; Klein links no runtime.

#include <memory>
#include <string>

#include "base/result.h"
#include "inference/openvino_abi.h"
#include "inference/precision.h"

namespace klein {

/// Where the library is: the folder of the wheel (`site-packages/openvino`) or its `libs`. Looked at before
/// KLEIN_OPENVINO (the same, from the environment) and before the wheel beside Klein's own. Call before the first model
/// is opened. Any thread.
void set_openvino_library(std::string path);

/// The opened library, set to one precision. Constant; lives as long as the process.
struct OpenVino {
  ov::Api api;
  ov::ov_core_t* core = nullptr;
  std::string path;
  std::string identity;  // version, processor, threads, precision: a compiled model is for these alone
};

/// Opens the library at the first call. Errors name what is missing, the wheel or the processor's instructions; the
/// next call tries again. Any thread.
Result<const OpenVino*> openvino(Precision precision);

/// Opens the library in a folder, without keeping it.
Result<ov::Api> load_openvino(const std::string& path);
/// Whether a version ("2026.4.1-...") is one that we know, or what to do.
Result<> check_openvino_version(const std::string& version);

/// The runtime's failure as ours, in one line; success where `status` is 0.
Result<> check(const ov::Api& api, int status, Code code);

}  // namespace klein
