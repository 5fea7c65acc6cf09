#pragma once
// Tiny ONNX models, written as the protobuf bytes that they are, so that tests need no file and no Python.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "inference/model_session.h"

namespace klein {
extern const char* const onnxruntime_wheel;  // tests/golden/where.cpp
extern const char* const openvino_wheel;     // empty: there is none
}  // namespace klein

namespace klein::test {

/// The test program finds the wheel that it was configured with, unless another is asked for.
inline const int wheel_is_known = setenv("KLEIN_ONNXRUNTIME", onnxruntime_wheel, /*overwrite=*/0);
inline const int other_wheel_is_known = setenv("KLEIN_OPENVINO", openvino_wheel, /*overwrite=*/0);

class Message {
 public:
  Message& number(int field, std::uint64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3U);
    varint(value);
    return *this;
  }
  Message& text(int field, const std::string& value) {
    varint(static_cast<std::uint64_t>(field) << 3U | 2U);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return text(field, value.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) bytes_ += static_cast<char>(value | 0x80U);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

enum : std::uint64_t { onnx_float = 1, onnx_uint8 = 2, onnx_int64 = 7, onnx_string = 8 };

struct TinyValue {
  std::string name;
  std::uint64_t element = onnx_float;
  std::vector<std::int64_t> shape;  // -1: any

  Message encode() const {
    Message sizes;
    for (const auto size : shape) {
      Message one;
      sizes.message(1, size < 0 ? one.text(2, "N") : one.number(1, static_cast<std::uint64_t>(size)));
    }
    return Message().text(1, name).message(2, Message().message(1, Message().number(1, element).message(2, sizes)));
  }
};

struct TinyNode {
  std::string operation;
  std::vector<std::string> inputs, outputs;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> attributes = {};  // lists of integers

  Message encode() const {
    Message node;
    for (const auto& input : inputs) node.text(1, input);
    for (const auto& output : outputs) node.text(2, output);
    node.text(4, operation);
    for (const auto& [name, values] : attributes) {
      Message attribute;
      attribute.text(1, name).number(20, 7);
      for (const auto value : values) attribute.number(8, static_cast<std::uint64_t>(value));
      node.message(5, attribute);
    }
    return node;
  }
};

struct TinyConstant {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;

  Message encode() const {
    Message tensor;
    for (const auto size : shape) tensor.number(1, static_cast<std::uint64_t>(size));
    std::string raw(values.size() * sizeof(float), '\0');
    std::memcpy(raw.data(), values.data(), raw.size());
    return tensor.number(2, onnx_float).text(8, name).text(9, raw);
  }
};

struct TinyModel {
  std::vector<TinyNode> nodes;
  std::vector<TinyValue> inputs, outputs;
  std::vector<TinyConstant> constants = {};

  std::string bytes() const {
    Message graph;
    for (const auto& node : nodes) graph.message(1, node.encode());
    graph.text(2, "tiny");
    for (const auto& constant : constants) graph.message(5, constant.encode());
    for (const auto& input : inputs) graph.message(11, input.encode());
    for (const auto& output : outputs) graph.message(12, output.encode());
    return Message().number(1, 8).message(7, graph).message(8, Message().text(1, "").number(2, 17)).bytes();
  }
};

/// How many of so many calls of `adding_model` give the right sums.
inline int right_sums(const ModelSession& session, float number, int calls) {
  int right = 0;
  for (int call = 0; call < calls; ++call) {
    const float left[] = {static_cast<float>(call), number};
    float sum[2] = {};
    const InputTensor inputs[] = {{left, {1, 2}}, {left, {1, 2}}};
    OutputTensor outputs[] = {{.data = sum, .shape = {1, 2}}};
    right += session.run(inputs, outputs).ok() && sum[0] == 2 * left[0] && sum[1] == 2 * left[1] ? 1 : 0;
  }
  return right;
}

/// A file that is removed with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("klein_model_" + std::to_string(::getpid()) + "_" + std::to_string(number++) + ".onnx");
    write(content);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  void write(const std::string& content) const { std::ofstream(path_, std::ios::binary) << content; }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// A folder for the cache of models, of this test alone.
class TemporaryCache {
 public:
  TemporaryCache() {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("klein_cache_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
    setenv("KLEIN_CACHE", path_.c_str(), /*overwrite=*/1);
  }
  TemporaryCache(const TemporaryCache&) = delete;
  TemporaryCache& operator=(const TemporaryCache&) = delete;
  ~TemporaryCache() {
    std::filesystem::remove_all(path_);
    unsetenv("KLEIN_CACHE");
  }
  const std::filesystem::path& path() const { return path_; }
  std::vector<std::filesystem::path> entries() const {
    std::vector<std::filesystem::path> found;
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(path_, absent)) found.push_back(entry.path());
    return found;
  }

 private:
  std::filesystem::path path_;
};

/// `sum = left + right`, of any number of rows (or `rows`) of two floats.
inline TinyModel adding_model(std::int64_t rows = -1) {
  return {.nodes = {{"Add", {"left", "right"}, {"sum"}}},
          .inputs = {{"left", onnx_float, {rows, 2}}, {"right", onnx_float, {rows, 2}}},
          .outputs = {{"sum", onnx_float, {rows, 2}}}};
}

}  // namespace klein::test
