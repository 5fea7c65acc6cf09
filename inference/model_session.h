#pragma once
// ModelSession — a loaded model, whatever runtime runs it: what it takes and gives, and one call that reads and writes
// the caller's memory. Immutable, so one session serves every task of the process.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inference/normalise.h"
#include "inference/precision.h"

namespace klein {

enum class ElementType : std::uint8_t {
  float32,
  float64,
  float16,
  bfloat16,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  boolean,
  string,
};
std::string_view to_string(ElementType type);
/// Bytes of one element; 0 for strings.
std::size_t size_of(ElementType type);

using Shape = std::vector<std::int64_t>;
/// The product of a shape without unknown sizes.
std::int64_t element_count(std::span<const std::int64_t> shape);

struct TensorInfo {
  std::string name;
  ElementType element = ElementType::float32;
  Shape shape;  // -1: any size
  /// `images: float32[?, 224, 224, 3]`
  std::string text() const;
};

/// Input in the caller's memory, row-major, aligned to its element; it is only read.
struct InputTensor {
  const void* data = nullptr;
  Shape shape;
};

/// Where an output goes. With `data`, the model writes there and `shape` must be what it makes; without, the runtime
/// allocates and sets all three, and `owner` keeps `data` alive.
struct OutputTensor {
  std::size_t index = 0;  // in ModelSession::outputs
  void* data = nullptr;
  Shape shape = {};
  std::shared_ptr<void> owner = nullptr;
};

class ModelSession {
 public:
  virtual ~ModelSession() = default;
  virtual const std::vector<TensorInfo>& inputs() const = 0;
  virtual const std::vector<TensorInfo>& outputs() const = 0;
  /// Computes on the calling thread. `inputs` are all of the model's, in order; `outputs` those that are wanted. Any
  /// number of threads at a time.
  virtual Result<> run(std::span<const InputTensor> inputs, std::span<OutputTensor> outputs) const = 0;
  /// The same model, which takes bytes for the inputs that have a picture here, and normalises them itself. Null: it
  /// can't.
  virtual std::shared_ptr<const ModelSession> taking([[maybe_unused]] const Pictures& pictures) const {
    return nullptr;
  }
  /// Each number of rows costs a preparation of its own: few different ones should be asked for.
  virtual bool prepares_each_size() const { return false; }
};

/// The model in the file `path`, loaded at most once a process and way to run it while anyone holds it; a file that was
/// replaced is loaded anew. Errors: no such file, not a model, no runtime installed, a processor that lacks what the
/// precision needs. Any thread.
Result<std::shared_ptr<const ModelSession>> open_model(const std::string& path, Runtime runtime = Runtime::onnxruntime,
                                                       Precision precision = Precision::fp32);

}  // namespace klein
