// ModelSession over ONNX Runtime.

#include "inference/onnxruntime_session.h"

#include <optional>

#include "inference/onnxruntime_library.h"

namespace klein {
namespace {

using Status = ort::OrtStatus;

/// An object of the runtime's, released with its own function.
template <typename T>
class Owned {
 public:
  explicit Owned(void (*release)(T*)) : release_(release) {}
  Owned(Owned&& other) noexcept : release_(other.release_), object_(std::exchange(other.object_, nullptr)) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (object_ != nullptr) release_(object_);
  }
  T** out() { return &object_; }
  T* get() const { return object_; }
  T* take() { return std::exchange(object_, nullptr); }

 private:
  void (*release_)(T*);
  T* object_ = nullptr;
};

struct ElementRow {
  ort::OrtElementType theirs;
  ElementType ours;
};
constexpr ElementRow element_rows[] = {
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, ElementType::float32},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, ElementType::float64},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, ElementType::float16},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, ElementType::bfloat16},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, ElementType::int8},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, ElementType::int16},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, ElementType::int32},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, ElementType::int64},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, ElementType::uint8},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, ElementType::uint16},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, ElementType::uint32},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, ElementType::uint64},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, ElementType::boolean},
    {ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, ElementType::string},
};

std::optional<ElementType> element_of(int theirs) {
  for (const auto& row : element_rows) {
    if (row.theirs == theirs) return row.ours;
  }
  return std::nullopt;
}

int theirs(ElementType ours) {
  for (const auto& row : element_rows) {
    if (row.ours == ours) return row.theirs;
  }
  KLEIN_ASSERT(false);
}

Result<Shape> shape_of(const ort::Api& api, const ort::OrtTensorTypeAndShapeInfo* info) {
  std::size_t count = 0;
  KLEIN_TRY(check(api, api.GetDimensionsCount(info, &count), Code::internal));
  Shape shape(count);
  KLEIN_TRY(check(api, api.GetDimensions(info, shape.data(), count), Code::internal));
  return shape;
}

/// What stands at one end of the model: the four functions that describe it.
struct End {
  decltype(ort::Api::SessionGetInputCount) count;
  decltype(ort::Api::SessionGetInputName) name;
  decltype(ort::Api::SessionGetInputTypeInfo) type;
};

Result<TensorInfo> describe(const ort::Api& api, const ort::OrtSession* session, const End& end, std::size_t index) {
  ort::OrtAllocator* allocator = nullptr;
  KLEIN_TRY(check(api, api.GetAllocatorWithDefaultOptions(&allocator), Code::internal));
  char* name = nullptr;
  KLEIN_TRY(check(api, end.name(session, index, allocator, &name), Code::internal));
  TensorInfo info{.name = name, .shape = {}};
  KLEIN_TRY(check(api, api.AllocatorFree(allocator, name), Code::internal));
  Owned<ort::OrtTypeInfo> type(api.ReleaseTypeInfo);
  KLEIN_TRY(check(api, end.type(session, index, type.out()), Code::internal));
  const ort::OrtTensorTypeAndShapeInfo* tensor = nullptr;
  KLEIN_TRY(check(api, api.CastTypeInfoToTensorInfo(type.get(), &tensor), Code::internal));
  if (tensor == nullptr) return Error(Code::invalid, "only tensors can be fed and read, this is none: " + info.name);
  int element = 0;
  KLEIN_TRY(check(api, api.GetTensorElementType(tensor, &element), Code::internal));
  const auto known = element_of(element);
  if (!known) return Error(Code::invalid, "the type of this tensor's elements is not supported: " + info.name);
  info.element = *known;
  info.shape = KLEIN_TRY(shape_of(api, tensor));
  return info;
}

Result<std::vector<TensorInfo>> describe_all(const ort::Api& api, const ort::OrtSession* session, const End& end) {
  std::size_t count = 0;
  KLEIN_TRY(check(api, end.count(session, &count), Code::internal));
  std::vector<TensorInfo> all;
  for (std::size_t index = 0; index < count; ++index) all.push_back(KLEIN_TRY(describe(api, session, end, index)));
  return all;
}

class OnnxRuntimeSession final : public ModelSession {
 public:
  OnnxRuntimeSession(const OnnxRuntime& runtime, Owned<ort::OrtSession> session, std::vector<TensorInfo> inputs,
                     std::vector<TensorInfo> outputs)
      : runtime_(runtime), session_(std::move(session)), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
    for (const auto& input : inputs_) input_names_.push_back(input.name.c_str());
  }

  const std::vector<TensorInfo>& inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& outputs() const override { return outputs_; }

  Result<> run(std::span<const InputTensor> inputs, std::span<OutputTensor> outputs) const override {
    KLEIN_ASSERT(inputs.size() == inputs_.size());
    std::vector<Owned<ort::OrtValue>> values;  // first the inputs, then the outputs
    values.reserve(inputs.size() + outputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      // The runtime's interface has no constant tensors; it does not write to inputs.
      values.push_back(KLEIN_TRY(wrap(const_cast<void*>(inputs[i].data), inputs[i].shape, inputs_[i].element)));
    }
    std::vector<const char*> output_names;
    for (const auto& output : outputs) {
      const auto& info = outputs_.at(output.index);
      output_names.push_back(info.name.c_str());
      values.push_back(output.data == nullptr ? Owned<ort::OrtValue>(runtime_.api.ReleaseValue)
                                              : KLEIN_TRY(wrap(output.data, output.shape, info.element)));
    }
    return call(values, output_names, outputs);
  }

 private:
  Result<> call(std::vector<Owned<ort::OrtValue>>& values, const std::vector<const char*>& output_names,
                std::span<OutputTensor> outputs) const {
    std::vector<ort::OrtValue*> raw;
    for (const auto& value : values) raw.push_back(value.get());
    const auto inputs = inputs_.size();
    auto* status = runtime_.api.Run(session_.get(), nullptr, input_names_.data(), raw.data(), inputs,
                                    output_names.data(), outputs.size(), raw.data() + inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) *values[inputs + i].out() = raw[inputs + i];
    KLEIN_TRY(check(runtime_.api, status, Code::invalid));
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].data == nullptr) KLEIN_TRY(hand_over(values[inputs + i], outputs[i]));
    }
    return {};
  }

  Result<Owned<ort::OrtValue>> wrap(void* data, const Shape& shape, ElementType element) const {
    static char nothing[16];  // an empty tensor has an address too
    const auto bytes = static_cast<std::size_t>(element_count(shape)) * size_of(element);
    Owned<ort::OrtValue> value(runtime_.api.ReleaseValue);
    auto* status = runtime_.api.CreateTensorWithDataAsOrtValue(
        runtime_.memory, bytes == 0 ? nothing : data, bytes, shape.data(), shape.size(), theirs(element), value.out());
    KLEIN_TRY(check(runtime_.api, status, Code::internal));
    return value;
  }

  Result<> hand_over(Owned<ort::OrtValue>& value, OutputTensor& output) const {
    const auto& api = runtime_.api;
    int is_tensor = 0;
    KLEIN_TRY(check(api, api.IsTensor(value.get(), &is_tensor), Code::internal));
    if (is_tensor == 0) return Error(Code::invalid, "the model gave no tensor: " + outputs_[output.index].name);
    Owned<ort::OrtTensorTypeAndShapeInfo> info(api.ReleaseTensorTypeAndShapeInfo);
    KLEIN_TRY(check(api, api.GetTensorTypeAndShape(value.get(), info.out()), Code::internal));
    output.shape = KLEIN_TRY(shape_of(api, info.get()));
    KLEIN_TRY(check(api, api.GetTensorMutableData(value.get(), &output.data), Code::internal));
    output.owner = std::shared_ptr<void>(
        value.take(), [release = api.ReleaseValue](void* object) { release(static_cast<ort::OrtValue*>(object)); });
    return {};
  }

  const OnnxRuntime& runtime_;
  const Owned<ort::OrtSession> session_;
  const std::vector<TensorInfo> inputs_, outputs_;
  std::vector<const char*> input_names_;
};

Result<Owned<ort::OrtSessionOptions>> session_options(const ort::Api& api) {
  Owned<ort::OrtSessionOptions> options(api.ReleaseSessionOptions);
  KLEIN_TRY(check(api, api.CreateSessionOptions(options.out()), Code::internal));
  KLEIN_TRY(check(api, api.SetIntraOpNumThreads(options.get(), 1), Code::internal));
  KLEIN_TRY(check(api, api.SetInterOpNumThreads(options.get(), 1), Code::internal));
  KLEIN_TRY(check(api, api.SetSessionLogSeverityLevel(options.get(), ort::ORT_LOGGING_LEVEL_FATAL), Code::internal));
  static constexpr const char* settings[][2] = {
      {"session.intra_op.allow_spinning", "0"},
      {"session.inter_op.allow_spinning", "0"},
      {"session.use_env_allocators", "1"}};
  for (const auto& [key, value] : settings) {
    KLEIN_TRY(check(api, api.AddSessionConfigEntry(options.get(), key, value), Code::internal));
  }
  return options;
}

}  // namespace

Result<std::shared_ptr<const ModelSession>> open_onnxruntime_session(const std::string& path) {
  const auto* runtime = KLEIN_TRY(onnxruntime());
  const auto& api = runtime->api;
  const auto options = KLEIN_TRY(session_options(api));
  Owned<ort::OrtSession> session(api.ReleaseSession);
  auto* status = api.CreateSession(runtime->environment, path.c_str(), options.get(), session.out());
  auto created = check(api, status, Code::corrupt);
  if (!created.ok()) return std::move(created).error().while_doing("this model can't be loaded, " + path);
  auto inputs = KLEIN_TRY(describe_all(
      api, session.get(), {api.SessionGetInputCount, api.SessionGetInputName, api.SessionGetInputTypeInfo}));
  auto outputs = KLEIN_TRY(describe_all(
      api, session.get(), {api.SessionGetOutputCount, api.SessionGetOutputName, api.SessionGetOutputTypeInfo}));
  return std::make_shared<const OnnxRuntimeSession>(
      *runtime, std::move(session), std::move(inputs), std::move(outputs));
}

}  // namespace klein
