#include "inference/precision.h"

namespace klein {

std::string_view to_string(Runtime runtime) { return runtime == Runtime::openvino ? "openvino" : "onnxruntime"; }

std::string_view to_string(Precision precision) {
  static constexpr std::string_view names[] = {"fp32", "bf16", "int8"};
  return names[static_cast<std::size_t>(precision)];
}

std::string_view name_of(Runtime runtime) { return runtime == Runtime::openvino ? "OpenVINO" : "ONNX Runtime"; }

// These ask the processor, and the operating system for the registers. AMX's bf16 comes with AVX-512's.
bool processor_has_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

bool processor_has_int8() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512vnni") != 0;
#else
  return false;
#endif
}

}  // namespace klein
