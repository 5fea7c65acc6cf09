// Reads the protobuf of an ONNX model as far as its ends are described.

#include "inference/onnx_file.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include "base/bytes.h"
#include "state/key_groups.h"

namespace klein {
namespace {

// Field numbers of onnx.proto; they never change.
enum OnnxField : std::uint32_t {
  model_graph = 7,
  graph_node = 1,
  graph_initializer = 5,
  graph_input = 11,
  graph_output = 12,
  node_operation = 4,
  tensor_name = 8,
  tensor_external_data = 13,
  value_name = 1,
  value_type = 2,
  type_tensor = 1,
  tensor_element = 1,
  tensor_shape = 2,
  shape_size = 1,
  size_value = 1,
};

struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  // of a number
  BytesView bytes;          // of all else
};

/// Goes through the fields of one message.
class Message {
 public:
  explicit Message(BytesView bytes) : rest_(bytes) {}

  /// Nothing: the message is over, or broken.
  std::optional<Field> next() {
    if (rest_.empty()) return std::nullopt;
    const auto tag = varint();
    Field field{.number = static_cast<std::uint32_t>(tag >> 3U), .bytes = {}};
    switch (tag & 7U) {
      case 0: field.value = varint(); break;
      case 1: field.bytes = take(8); break;
      case 2: field.bytes = take(varint()); break;
      case 5: field.bytes = take(4); break;
      default: broken_ = true;
    }
    if (broken_) return std::nullopt;
    return field;
  }
  bool broken() const { return broken_; }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    broken_ = true;
    return 0;
  }
  BytesView take(std::uint64_t size) {
    if (size > rest_.size()) broken_ = true;
    const auto taken = rest_.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(size, rest_.size())));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  BytesView rest_;
  bool broken_ = false;
};

/// The first field of this number; an empty one where there is none.
Field first(BytesView message, std::uint32_t number) {
  Message fields(message);
  while (const auto field = fields.next()) {
    if (field->number == number) return *field;
  }
  return {};
}

std::optional<ElementType> element_of(std::uint64_t onnx) {
  using enum ElementType;
  static constexpr std::array<std::optional<ElementType>, 17> elements = {
      std::nullopt, float32, uint8,   int8,   uint16, int16,        int32,        int64,   string,
      boolean,      float16, float64, uint32, uint64, std::nullopt, std::nullopt, bfloat16};
  return onnx < elements.size() ? elements[static_cast<std::size_t>(onnx)] : std::nullopt;
}

Result<TensorInfo> describe(BytesView value) {
  TensorInfo info{.name = std::string(first(value, value_name).bytes), .shape = {}};
  const auto tensor = first(first(value, value_type).bytes, type_tensor).bytes;
  const auto element = element_of(first(tensor, tensor_element).value);
  if (!element) return Error(Code::invalid, "only tensors of numbers can be fed and read, this is none: " + info.name);
  info.element = *element;
  Message sizes(first(tensor, tensor_shape).bytes);
  while (const auto size = sizes.next()) {
    if (size->number != shape_size) continue;
    const auto known = first(size->bytes, size_value);
    info.shape.push_back(known.number == size_value ? static_cast<std::int64_t>(known.value) : -1);
  }
  return info;
}

Result<OnnxFile> read_graph(BytesView graph) {
  OnnxFile file;
  std::vector<TensorInfo> inputs;
  std::set<std::string, std::less<>> constants;
  Message fields(graph);
  while (const auto field = fields.next()) {
    if (field->number == graph_input) inputs.push_back(KLEIN_TRY(describe(field->bytes)));
    if (field->number == graph_output) file.outputs.push_back(KLEIN_TRY(describe(field->bytes)));
    if (field->number == graph_initializer) {
      constants.emplace(first(field->bytes, tensor_name).bytes);
      file.whole = file.whole && first(field->bytes, tensor_external_data).number == 0;
    }
    if (field->number == graph_node) {
      file.quantized = file.quantized || first(field->bytes, node_operation).bytes == "QuantizeLinear";
    }
  }
  if (fields.broken() || file.outputs.empty()) return Error(Code::corrupt, "it is not an ONNX file");
  for (auto& input : inputs) {  // older files name their weights among the inputs
    if (!constants.contains(input.name)) file.inputs.push_back(std::move(input));
  }
  return file;
}

}  // namespace

Result<OnnxFile> read_onnx_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream content;
  content << stream.rdbuf();
  if (!stream) return Error(Code::io, "the model file can't be read: " + path);
  const auto bytes = content.view();
  auto file = read_graph(first(bytes, model_graph).bytes);
  if (!file.ok()) return std::move(file).error().while_doing("this model can't be loaded, " + path);
  file->digest = hash_key(bytes);
  return file;
}

}  // namespace klein
