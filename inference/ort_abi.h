#pragma once
// What Klein calls of ONNX Runtime's C interface, declared here so that no foreign header is needed. The runtime hands
// out a table of functions that only ever grows at its end: a function's slot number is a fact that never changes.
// `tools/check_ort_abi.py HEADER` compares this file with a public header.

#include <cstddef>
#include <cstdint>

namespace klein::ort {

// Opaque: made, passed and released by the runtime.
struct OrtAllocator;
struct OrtArenaCfg;
struct OrtEnv;
struct OrtMemoryInfo;
struct OrtRunOptions;
struct OrtSession;
struct OrtSessionOptions;
struct OrtStatus;  // null: success
struct OrtTensorTypeAndShapeInfo;
struct OrtTypeInfo;
struct OrtValue;

// Enumerations of C are int in its calls; these are the values that we pass or read.
enum OrtConstant : int {
  ORT_LOGGING_LEVEL_FATAL = 4,  // errors are returned as well
  OrtDeviceAllocator = 0,
  OrtArenaAllocator = 1,
  OrtMemTypeDefault = 0,
  ONNX_TYPE_TENSOR = 1,
  ORT_NO_SUCHFILE = 3,
};
enum OrtElementType : int {
  ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT = 1,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 = 2,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 = 3,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 = 4,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 = 5,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 = 6,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 = 7,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING = 8,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL = 9,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 = 10,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE = 11,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32 = 12,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64 = 13,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 = 16,
};

/// The oldest interface that has every slot below and whose wheels are tested.
inline constexpr std::uint32_t oldest_api = 24;

// clang-format off
#define KLEIN_ORT_FUNCTIONS(X) \
  X(1, int, GetErrorCode, (const OrtStatus* status)) \
  X(2, const char*, GetErrorMessage, (const OrtStatus* status)) \
  X(3, OrtStatus*, CreateEnv, (int log_severity_level, const char* logid, OrtEnv** out)) \
  X(7, OrtStatus*, CreateSession, (const OrtEnv* env, const char* model_path, const OrtSessionOptions* options, OrtSession** out)) \
  X(9, OrtStatus*, Run, (OrtSession* session, const OrtRunOptions* run_options, const char* const* input_names, const OrtValue* const* inputs, size_t input_len, const char* const* output_names, size_t output_names_len, OrtValue** outputs)) \
  X(10, OrtStatus*, CreateSessionOptions, (OrtSessionOptions** options)) \
  X(22, OrtStatus*, SetSessionLogSeverityLevel, (OrtSessionOptions* options, int session_log_severity_level)) \
  X(24, OrtStatus*, SetIntraOpNumThreads, (OrtSessionOptions* options, int intra_op_num_threads)) \
  X(25, OrtStatus*, SetInterOpNumThreads, (OrtSessionOptions* options, int inter_op_num_threads)) \
  X(30, OrtStatus*, SessionGetInputCount, (const OrtSession* session, size_t* out)) \
  X(31, OrtStatus*, SessionGetOutputCount, (const OrtSession* session, size_t* out)) \
  X(33, OrtStatus*, SessionGetInputTypeInfo, (const OrtSession* session, size_t index, OrtTypeInfo** type_info)) \
  X(34, OrtStatus*, SessionGetOutputTypeInfo, (const OrtSession* session, size_t index, OrtTypeInfo** type_info)) \
  X(36, OrtStatus*, SessionGetInputName, (const OrtSession* session, size_t index, OrtAllocator* allocator, char** value)) \
  X(37, OrtStatus*, SessionGetOutputName, (const OrtSession* session, size_t index, OrtAllocator* allocator, char** value)) \
  X(49, OrtStatus*, CreateTensorWithDataAsOrtValue, (const OrtMemoryInfo* info, void* p_data, size_t p_data_len, const int64_t* shape, size_t shape_len, int type, OrtValue** out)) \
  X(50, OrtStatus*, IsTensor, (const OrtValue* value, int* out)) \
  X(51, OrtStatus*, GetTensorMutableData, (OrtValue* value, void** out)) \
  X(55, OrtStatus*, CastTypeInfoToTensorInfo, (const OrtTypeInfo* type_info, const OrtTensorTypeAndShapeInfo** out)) \
  X(60, OrtStatus*, GetTensorElementType, (const OrtTensorTypeAndShapeInfo* info, int* out)) \
  X(61, OrtStatus*, GetDimensionsCount, (const OrtTensorTypeAndShapeInfo* info, size_t* out)) \
  X(62, OrtStatus*, GetDimensions, (const OrtTensorTypeAndShapeInfo* info, int64_t* dim_values, size_t dim_values_length)) \
  X(65, OrtStatus*, GetTensorTypeAndShape, (const OrtValue* value, OrtTensorTypeAndShapeInfo** out)) \
  X(69, OrtStatus*, CreateCpuMemoryInfo, (int type, int mem_type, OrtMemoryInfo** out)) \
  X(76, OrtStatus*, AllocatorFree, (OrtAllocator* ort_allocator, void* p)) \
  X(78, OrtStatus*, GetAllocatorWithDefaultOptions, (OrtAllocator** out)) \
  X(93, void, ReleaseStatus, (OrtStatus* input)) \
  X(94, void, ReleaseMemoryInfo, (OrtMemoryInfo* input)) \
  X(95, void, ReleaseSession, (OrtSession* input)) \
  X(96, void, ReleaseValue, (OrtValue* input)) \
  X(98, void, ReleaseTypeInfo, (OrtTypeInfo* input)) \
  X(99, void, ReleaseTensorTypeAndShapeInfo, (OrtTensorTypeAndShapeInfo* input)) \
  X(100, void, ReleaseSessionOptions, (OrtSessionOptions* input)) \
  X(130, OrtStatus*, AddSessionConfigEntry, (OrtSessionOptions* options, const char* config_key, const char* config_value)) \
  X(144, OrtStatus*, CreateAndRegisterAllocator, (OrtEnv* env, const OrtMemoryInfo* mem_info, const OrtArenaCfg* arena_cfg)) \
  X(157, void, ReleaseArenaCfg, (OrtArenaCfg* input)) \
  X(164, OrtStatus*, CreateArenaCfgV2, (const char* const* arena_config_keys, const size_t* arena_config_values, size_t num_keys, OrtArenaCfg** out))
// clang-format on

/// The functions above, by name.
struct Api {
#define KLEIN_ORT_MEMBER(slot, result, name, parameters) result(*name) parameters = nullptr;
  KLEIN_ORT_FUNCTIONS(KLEIN_ORT_MEMBER)
#undef KLEIN_ORT_MEMBER
};

/// Picks our functions out of the runtime's table.
inline Api pick(const void* table) {
  const auto* slots = static_cast<void* const*>(table);
  Api api;
#define KLEIN_ORT_PICK(slot, result, name, parameters) api.name = reinterpret_cast<decltype(api.name)>(slots[slot]);
  KLEIN_ORT_FUNCTIONS(KLEIN_ORT_PICK)
#undef KLEIN_ORT_PICK
  return api;
}

/// What the library's one exported function, OrtGetApiBase, returns.
struct ApiBase {
  const void* (*get_api)(std::uint32_t version);  // null: the library is older
  const char* (*get_version_string)();
};
using GetApiBase = const ApiBase* (*)();

}  // namespace klein::ort
