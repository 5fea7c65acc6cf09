// Runs a compiled model on the caller's memory.

#include "inference/openvino_program.h"

#include <array>
#include <cstring>

namespace klein {
namespace {

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

Result<Owned<ov::ov_tensor_t>> tensor_over(const ov::Api& api, int element, const Shape& shape, const void* data) {
  ov::ov_tensor_t* tensor = nullptr;
  auto* sizes = const_cast<std::int64_t*>(shape.data());  // C's interface has no constant shapes and tensors:
  auto* bytes = const_cast<void*>(data);                  // it writes to neither
  const ov::ov_shape_t theirs{static_cast<std::int64_t>(shape.size()), sizes};
  KLEIN_TRY(check(api, api.ov_tensor_create_from_host_ptr(element, theirs, bytes, &tensor), Code::invalid));
  return Owned<ov::ov_tensor_t>(tensor, api.ov_tensor_free);
}

}  // namespace

std::optional<int> openvino_element(ElementType type) {
  static constexpr std::array elements = {ov::F32, ov::F64, ov::F16, ov::BF16, ov::I8,  ov::I16,    ov::I32,
                                          ov::I64, ov::U8,  ov::U16, ov::U32,  ov::U64, ov::BOOLEAN};
  const auto index = static_cast<std::size_t>(type);
  if (index >= elements.size()) return std::nullopt;
  return elements[index];
}

OpenVinoProgram::OpenVinoProgram(const ov::Api& api, ov::ov_compiled_model_t* compiled,
                                 std::shared_ptr<const MappedFile> memory, std::vector<int> elements)
    : api_(api), memory_(std::move(memory)), compiled_(compiled), elements_(std::move(elements)) {}

OpenVinoProgram::~OpenVinoProgram() {
  for (auto* request : idle_) api_.ov_infer_request_free(request);
  api_.ov_compiled_model_free(compiled_);
}

Result<ov::ov_infer_request_t*> OpenVinoProgram::take() const {
  {
    const Lock lock(mutex_);
    if (!idle_.empty()) {
      auto* request = idle_.back();
      idle_.pop_back();
      return request;
    }
  }
  ov::ov_infer_request_t* request = nullptr;
  KLEIN_TRY(check(api_, api_.ov_compiled_model_create_infer_request(compiled_, &request), Code::resource));
  return request;
}

Result<> OpenVinoProgram::run(std::span<const InputTensor> inputs, std::span<OutputTensor> outputs,
                              const std::vector<TensorInfo>& infos) const {
  auto* request = KLEIN_TRY(take());
  auto ran = call(request, inputs, outputs, infos);
  if (!ran.ok()) {  // it may hold memory that is the caller's
    api_.ov_infer_request_free(request);
    return ran;
  }
  const Lock lock(mutex_);
  idle_.push_back(request);
  return {};
}

Result<> OpenVinoProgram::call(ov::ov_infer_request_t* request, std::span<const InputTensor> inputs,
                               std::span<OutputTensor> outputs, const std::vector<TensorInfo>& infos) const {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto tensor = KLEIN_TRY(tensor_over(api_, elements_[i], inputs[i].shape, inputs[i].data));
    KLEIN_TRY(check(api_, api_.ov_infer_request_set_input_tensor_by_index(request, i, tensor.get()), Code::invalid));
  }
  for (const auto& output : outputs) {
    if (output.data == nullptr) continue;
    const auto element = openvino_element(infos[output.index].element);
    const auto tensor = KLEIN_TRY(tensor_over(api_, *element, output.shape, output.data));
    KLEIN_TRY(check(
        api_, api_.ov_infer_request_set_output_tensor_by_index(request, output.index, tensor.get()), Code::invalid));
  }
  KLEIN_TRY(check(api_, api_.ov_infer_request_infer(request), Code::invalid));
  for (auto& output : outputs) {
    if (output.data == nullptr) KLEIN_TRY(copy_out(request, output));
  }
  return {};
}

Result<> OpenVinoProgram::copy_out(ov::ov_infer_request_t* request, OutputTensor& output) const {
  ov::ov_tensor_t* raw = nullptr;
  KLEIN_TRY(check(api_, api_.ov_infer_request_get_output_tensor_by_index(request, output.index, &raw), Code::internal));
  const Owned<ov::ov_tensor_t> tensor(raw, api_.ov_tensor_free);
  ov::ov_shape_t shape{};
  KLEIN_TRY(check(api_, api_.ov_tensor_get_shape(raw, &shape), Code::internal));
  output.shape.assign(shape.dims, shape.dims + shape.rank);
  api_.ov_shape_free(&shape);
  std::size_t bytes = 0;
  void* data = nullptr;
  KLEIN_TRY(check(api_, api_.ov_tensor_get_byte_size(raw, &bytes), Code::internal));
  KLEIN_TRY(check(api_, api_.ov_tensor_data(raw, &data), Code::internal));
  // The request's own memory is used again by its next call.
  const auto copy = std::make_shared<std::vector<std::max_align_t>>(bytes / sizeof(std::max_align_t) + 1);
  std::memcpy(copy->data(), data, bytes);
  output.data = copy->data();
  output.owner = copy;
  return {};
}

}  // namespace klein
