#pragma once
// OpenVinoProgram — a model compiled by OpenVINO for inputs of one shape, from its file or from the cache. Any thread.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "inference/model_cache.h"
#include "inference/model_session.h"
#include "inference/onnx_file.h"
#include "inference/openvino_library.h"

namespace klein {

/// What is compiled: a file, what it says of itself, what of its inputs are pictures, and the shapes of all.
struct OpenVinoSource {
  const OpenVino& runtime;
  const std::string& path;
  const OnnxFile& file;
  const Pictures& pictures;   // one an input, or none at all
  std::vector<Shape> shapes;  // of the inputs as they are fed
};

class OpenVinoProgram {
 public:
  /// Errors: the runtime can't read the model, can't compile it for these shapes, or would give outputs whose sizes are
  /// known only when it ran.
  static Result<std::shared_ptr<const OpenVinoProgram>> make(const OpenVinoSource& source);

  OpenVinoProgram(const ov::Api& api, ov::ov_compiled_model_t* compiled, std::shared_ptr<const MappedFile> memory,
                  std::vector<int> elements);
  OpenVinoProgram(const OpenVinoProgram&) = delete;
  OpenVinoProgram& operator=(const OpenVinoProgram&) = delete;
  ~OpenVinoProgram();

  /// As ModelSession's; `outputs` name their index among `infos`.
  Result<> run(std::span<const InputTensor> inputs, std::span<OutputTensor> outputs,
               const std::vector<TensorInfo>& infos) const;

 private:
  Result<ov::ov_infer_request_t*> take() const;
  Result<> call(ov::ov_infer_request_t* request, std::span<const InputTensor> inputs, std::span<OutputTensor> outputs,
                const std::vector<TensorInfo>& infos) const;
  Result<> copy_out(ov::ov_infer_request_t* request, OutputTensor& output) const;

  const ov::Api& api_;
  const std::shared_ptr<const MappedFile> memory_;  // where weights may lie; null: they are the runtime's own
  ov::ov_compiled_model_t* const compiled_;
  const std::vector<int> elements_;  // of the inputs as they are fed
  mutable Mutex mutex_;
  mutable std::vector<ov::ov_infer_request_t*> idle_ KLEIN_GUARDED_BY(mutex_);  // as many as have run at a time
};

/// OpenVINO's word for an element; nothing where it has none.
std::optional<int> openvino_element(ElementType type);

}  // namespace klein
