#pragma once
// The words for how a model is run: by whom, and in which arithmetic; and what this machine's processor has for it.

#include <cstdint>
#include <string_view>

namespace klein {

enum class Runtime : std::uint8_t { onnxruntime, openvino };
enum class Precision : std::uint8_t { fp32, bf16, int8 };

std::string_view to_string(Runtime runtime);
std::string_view to_string(Precision precision);
/// As people write it: "ONNX Runtime".
std::string_view name_of(Runtime runtime);

/// Whether the processor multiplies bfloat16 in one instruction; else bf16 saves nothing.
bool processor_has_bf16();
/// The same for the dot products of 8-bit integers (VNNI).
bool processor_has_int8();

}  // namespace klein
