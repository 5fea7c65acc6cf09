// ModelSession over OpenVINO.

#include "inference/openvino_session.h"

#include <map>

#include "base/mutex.h"
#include "inference/onnx_file.h"
#include "inference/openvino_program.h"

namespace klein {
namespace {

std::string key_of(std::span<const InputTensor> inputs) {
  std::string key;
  for (const auto& input : inputs) {
    for (const auto size : input.shape) key += std::to_string(size) + ' ';
    key += ';';
  }
  return key;
}

/// What stands for a picture's way in, to find the session that has it.
std::string key_of(const Pictures& pictures) {
  std::string key;
  for (const auto& picture : pictures) {
    if (!picture) {
      key += "-;";
      continue;
    }
    key.append(reinterpret_cast<const char*>(&picture->normalisation), sizeof(Normalisation));
    key += std::to_string(picture->channels) + (picture->has_axes ? " axes " : " ");
    key += picture->layout == ImageLayout::channel_height_width ? "planes;" : ";";
  }
  return key;
}

/// What the sessions of one file have in common.
struct OpenVinoModel {
  OpenVinoModel(const OpenVino& with, std::string of, OnnxFile described)
      : runtime(with), path(std::move(of)), file(std::move(described)) {}

  const OpenVino& runtime;
  const std::string path;
  const OnnxFile file;
  Mutex mutex;
  std::map<std::string, std::weak_ptr<const ModelSession>> taking KLEIN_GUARDED_BY(mutex);  // by their pictures
};

class OpenVinoSession final : public ModelSession {
 public:
  OpenVinoSession(std::shared_ptr<OpenVinoModel> model, Pictures pictures)
      : model_(std::move(model)), pictures_(std::move(pictures)) {}

  const std::vector<TensorInfo>& inputs() const override { return model_->file.inputs; }
  const std::vector<TensorInfo>& outputs() const override { return model_->file.outputs; }
  bool prepares_each_size() const override { return true; }

  Result<> run(std::span<const InputTensor> inputs, std::span<OutputTensor> outputs) const override {
    KLEIN_ASSERT(inputs.size() == model_->file.inputs.size());
    const auto program = KLEIN_TRY(program_for(inputs));
    return program->run(inputs, outputs, model_->file.outputs);
  }

  std::shared_ptr<const ModelSession> taking(const Pictures& pictures) const override {
    const Lock lock(model_->mutex);
    auto& known = model_->taking[key_of(pictures)];
    auto session = known.lock();
    if (!session) known = session = std::make_shared<const OpenVinoSession>(model_, pictures);
    return session;
  }

 private:
  /// Compiles with the lock held: tasks that start together wait for one compilation, not for one each.
  Result<std::shared_ptr<const OpenVinoProgram>> program_for(std::span<const InputTensor> inputs) const {
    const Lock lock(mutex_);
    auto& program = programs_[key_of(inputs)];
    if (program) return program;
    OpenVinoSource source{model_->runtime, model_->path, model_->file, pictures_, {}};
    for (const auto& input : inputs) source.shapes.push_back(input.shape);
    program = KLEIN_TRY(OpenVinoProgram::make(source));
    return program;
  }

  const std::shared_ptr<OpenVinoModel> model_;
  const Pictures pictures_;
  mutable Mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const OpenVinoProgram>> programs_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::shared_ptr<const ModelSession>> open_openvino_session(const std::string& path, Precision precision) {
  const auto* runtime = KLEIN_TRY(openvino(precision));
  auto file = KLEIN_TRY(read_onnx_file(path));
  auto model = std::make_shared<OpenVinoModel>(*runtime, path, std::move(file));
  return std::make_shared<const OpenVinoSession>(std::move(model), Pictures());
}

}  // namespace klein
