#pragma once
// What Klein calls of OpenVINO's C interface, declared here so that no foreign header is needed: plain functions found
// by name. `python/tests/test_openvino_abi.py` compares this file with the headers in the wheel.

#include <cstddef>
#include <cstdint>

namespace klein::ov {

// Opaque: made, passed and released by the runtime.
struct ov_compiled_model_t;
struct ov_core_t;
struct ov_infer_request_t;
struct ov_layout_t;
struct ov_model_t;
struct ov_output_const_port_t;
struct ov_preprocess_input_info_t;
struct ov_preprocess_input_model_info_t;
struct ov_preprocess_input_tensor_info_t;
struct ov_preprocess_prepostprocessor_t;
struct ov_preprocess_preprocess_steps_t;
struct ov_tensor_t;

struct ov_version_t {
  const char* buildNumber;
  const char* description;
};
struct ov_shape_t {
  std::int64_t rank;
  std::int64_t* dims;
};
struct ov_dimension_t {  // min == max: a size that is known
  std::int64_t min, max;
};
struct ov_partial_shape_t {
  ov_dimension_t rank;
  ov_dimension_t* dims;
};

// Enumerations of C are int in its calls; these are the values that we pass or read. Those of elements are what they
// are since 2025.
enum OvElement : int {
  BOOLEAN = 1,
  BF16 = 2,
  F16 = 3,
  F32 = 4,
  F64 = 5,
  I8 = 7,
  I16 = 8,
  I32 = 9,
  I64 = 10,
  U8 = 16,
  U16 = 17,
  U32 = 18,
  U64 = 19,
};
inline constexpr int oldest_year = 2025;

// clang-format off
#define KLEIN_OV_FUNCTIONS(X) \
  X(const char*, ov_get_last_err_msg, ()) \
  X(void, ov_free, (const char* content)) \
  X(int, ov_get_openvino_version, (ov_version_t* version)) \
  X(void, ov_version_free, (ov_version_t* version)) \
  X(int, ov_core_create, (ov_core_t** core)) \
  X(void, ov_core_free, (ov_core_t* core)) \
  X(int, ov_core_set_property, (const ov_core_t* core, const char* device_name, ...)) \
  X(int, ov_core_get_property, (const ov_core_t* core, const char* device_name, const char* property_key, char** property_value)) \
  X(int, ov_core_read_model, (const ov_core_t* core, const char* model_path, const char* bin_path, ov_model_t** model)) \
  X(int, ov_core_compile_model, (const ov_core_t* core, const ov_model_t* model, const char* device_name, const size_t property_args_size, ov_compiled_model_t** compiled_model, ...)) \
  X(int, ov_core_import_model, (const ov_core_t* core, const char* content, const size_t content_size, const char* device_name, ov_compiled_model_t** compiled_model)) \
  X(void, ov_model_free, (ov_model_t* model)) \
  X(int, ov_model_inputs_size, (const ov_model_t* model, size_t* input_size)) \
  X(int, ov_model_outputs_size, (const ov_model_t* model, size_t* output_size)) \
  X(int, ov_model_const_output_by_index, (const ov_model_t* model, const size_t index, ov_output_const_port_t** output_port)) \
  X(int, ov_model_reshape_by_port_indexes, (const ov_model_t* model, const size_t* port_indexes, const ov_partial_shape_t* partial_shape, size_t size)) \
  X(int, ov_port_get_partial_shape, (const ov_output_const_port_t* port, ov_partial_shape_t* partial_shape)) \
  X(int, ov_port_get_element_type, (const ov_output_const_port_t* port, int* tensor_type)) \
  X(void, ov_output_const_port_free, (ov_output_const_port_t* port)) \
  X(bool, ov_partial_shape_is_dynamic, (const ov_partial_shape_t partial_shape)) \
  X(void, ov_partial_shape_free, (ov_partial_shape_t* partial_shape)) \
  X(int, ov_shape_free, (ov_shape_t* shape)) \
  X(int, ov_layout_create, (const char* layout_desc, ov_layout_t** layout)) \
  X(void, ov_layout_free, (ov_layout_t* layout)) \
  X(int, ov_preprocess_prepostprocessor_create, (const ov_model_t* model, ov_preprocess_prepostprocessor_t** preprocess)) \
  X(void, ov_preprocess_prepostprocessor_free, (ov_preprocess_prepostprocessor_t* preprocess)) \
  X(int, ov_preprocess_prepostprocessor_get_input_info_by_index, (const ov_preprocess_prepostprocessor_t* preprocess, const size_t tensor_index, ov_preprocess_input_info_t** preprocess_input_info)) \
  X(void, ov_preprocess_input_info_free, (ov_preprocess_input_info_t* preprocess_input_info)) \
  X(int, ov_preprocess_input_info_get_tensor_info, (const ov_preprocess_input_info_t* preprocess_input_info, ov_preprocess_input_tensor_info_t** preprocess_input_tensor_info)) \
  X(void, ov_preprocess_input_tensor_info_free, (ov_preprocess_input_tensor_info_t* preprocess_input_tensor_info)) \
  X(int, ov_preprocess_input_tensor_info_set_element_type, (ov_preprocess_input_tensor_info_t* preprocess_input_tensor_info, const int element_type)) \
  X(int, ov_preprocess_input_tensor_info_set_layout, (ov_preprocess_input_tensor_info_t* preprocess_input_tensor_info, ov_layout_t* layout)) \
  X(int, ov_preprocess_input_info_get_model_info, (const ov_preprocess_input_info_t* preprocess_input_info, ov_preprocess_input_model_info_t** preprocess_input_model_info)) \
  X(void, ov_preprocess_input_model_info_free, (ov_preprocess_input_model_info_t* preprocess_input_model_info)) \
  X(int, ov_preprocess_input_model_info_set_layout, (ov_preprocess_input_model_info_t* preprocess_input_model_info, ov_layout_t* layout)) \
  X(int, ov_preprocess_input_info_get_preprocess_steps, (const ov_preprocess_input_info_t* preprocess_input_info, ov_preprocess_preprocess_steps_t** preprocess_input_steps)) \
  X(void, ov_preprocess_preprocess_steps_free, (ov_preprocess_preprocess_steps_t* preprocess_input_process_steps)) \
  X(int, ov_preprocess_preprocess_steps_convert_element_type, (ov_preprocess_preprocess_steps_t* preprocess_input_process_steps, const int element_type)) \
  X(int, ov_preprocess_preprocess_steps_mean_multi_channels, (ov_preprocess_preprocess_steps_t* preprocess_input_process_steps, const float* values, const int32_t value_size)) \
  X(int, ov_preprocess_preprocess_steps_scale_multi_channels, (ov_preprocess_preprocess_steps_t* preprocess_input_process_steps, const float* values, const int32_t value_size)) \
  X(int, ov_preprocess_preprocess_steps_mean, (ov_preprocess_preprocess_steps_t* preprocess_input_process_steps, float value)) \
  X(int, ov_preprocess_preprocess_steps_scale, (ov_preprocess_preprocess_steps_t* preprocess_input_process_steps, float value)) \
  X(int, ov_preprocess_prepostprocessor_build, (const ov_preprocess_prepostprocessor_t* preprocess, ov_model_t** model)) \
  X(int, ov_compiled_model_create_infer_request, (const ov_compiled_model_t* compiled_model, ov_infer_request_t** infer_request)) \
  X(int, ov_compiled_model_export_model, (const ov_compiled_model_t* compiled_model, const char* export_model_path)) \
  X(void, ov_compiled_model_free, (ov_compiled_model_t* compiled_model)) \
  X(int, ov_infer_request_set_input_tensor_by_index, (ov_infer_request_t* infer_request, const size_t idx, const ov_tensor_t* tensor)) \
  X(int, ov_infer_request_set_output_tensor_by_index, (ov_infer_request_t* infer_request, const size_t idx, const ov_tensor_t* tensor)) \
  X(int, ov_infer_request_get_output_tensor_by_index, (const ov_infer_request_t* infer_request, const size_t idx, ov_tensor_t** tensor)) \
  X(int, ov_infer_request_infer, (ov_infer_request_t* infer_request)) \
  X(void, ov_infer_request_free, (ov_infer_request_t* infer_request)) \
  X(int, ov_tensor_create_from_host_ptr, (const int type, const ov_shape_t shape, void* host_ptr, ov_tensor_t** tensor)) \
  X(int, ov_tensor_get_shape, (const ov_tensor_t* tensor, ov_shape_t* shape)) \
  X(int, ov_tensor_get_byte_size, (const ov_tensor_t* tensor, size_t* byte_size)) \
  X(int, ov_tensor_data, (const ov_tensor_t* tensor, void** data)) \
  X(void, ov_tensor_free, (ov_tensor_t* tensor))
// clang-format on

/// The functions above, by name; all are there.
struct Api {
#define KLEIN_OV_MEMBER(result, name, parameters) result(*name) parameters = nullptr;
  KLEIN_OV_FUNCTIONS(KLEIN_OV_MEMBER)
#undef KLEIN_OV_MEMBER
};

}  // namespace klein::ov
