// Every declared slot is called on the real library, in the order in which a program would.

#include "inference/ort_abi.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "inference/onnxruntime_library.h"
#include "inference/tiny_model_test.h"

namespace klein {
namespace {

class OrtAbi : public ::testing::Test {
 protected:
  void SetUp() override {
    auto runtime = onnxruntime();
    ASSERT_TRUE(runtime.ok()) << runtime.error().text();
    api_ = (*runtime)->api;
  }
  void expect_ok(ort::OrtStatus* status) { EXPECT_EQ(status, nullptr) << api_.GetErrorMessage(status); }

  ort::Api api_;
  std::set<std::string> called_;
};

#define CALL(name, ...) (called_.insert(#name), api_.name(__VA_ARGS__))

TEST_F(OrtAbi, every_declared_slot_does_what_its_name_says) {
  const test::TemporaryFile file(test::adding_model().bytes());

  ort::OrtEnv* environment = nullptr;
  expect_ok(CALL(CreateEnv, ort::ORT_LOGGING_LEVEL_FATAL, "test", &environment));
  ort::OrtMemoryInfo* memory = nullptr;
  expect_ok(CALL(CreateCpuMemoryInfo, ort::OrtArenaAllocator, ort::OrtMemTypeDefault, &memory));
  const char* key = "arena_extend_strategy";
  const std::size_t value = 1;
  ort::OrtArenaCfg* arena = nullptr;
  expect_ok(CALL(CreateArenaCfgV2, &key, &value, 1, &arena));
  expect_ok(CALL(CreateAndRegisterAllocator, environment, memory, arena));
  CALL(ReleaseArenaCfg, arena);

  ort::OrtSessionOptions* options = nullptr;
  expect_ok(CALL(CreateSessionOptions, &options));
  expect_ok(CALL(SetSessionLogSeverityLevel, options, ort::ORT_LOGGING_LEVEL_FATAL));
  expect_ok(CALL(SetIntraOpNumThreads, options, 1));
  expect_ok(CALL(SetInterOpNumThreads, options, 1));
  expect_ok(CALL(AddSessionConfigEntry, options, "session.intra_op.allow_spinning", "0"));
  ort::OrtSession* session = nullptr;
  auto* refusal = api_.CreateSession(environment, "/nowhere/model.onnx", options, &session);
  ASSERT_NE(refusal, nullptr);
  EXPECT_EQ(CALL(GetErrorCode, refusal), ort::ORT_NO_SUCHFILE);
  EXPECT_NE(std::string(CALL(GetErrorMessage, refusal)).find("/nowhere/model.onnx"), std::string::npos);
  CALL(ReleaseStatus, refusal);
  expect_ok(CALL(CreateSession, environment, file.path().c_str(), options, &session));
  ASSERT_NE(session, nullptr);
  CALL(ReleaseSessionOptions, options);

  std::size_t count = 0;
  expect_ok(CALL(SessionGetInputCount, session, &count));
  EXPECT_EQ(count, 2U);
  expect_ok(CALL(SessionGetOutputCount, session, &count));
  EXPECT_EQ(count, 1U);
  ort::OrtAllocator* allocator = nullptr;
  expect_ok(CALL(GetAllocatorWithDefaultOptions, &allocator));
  char* name = nullptr;
  expect_ok(CALL(SessionGetInputName, session, 1, allocator, &name));
  EXPECT_STREQ(name, "right");
  expect_ok(CALL(AllocatorFree, allocator, name));
  expect_ok(CALL(SessionGetOutputName, session, 0, allocator, &name));
  EXPECT_STREQ(name, "sum");
  expect_ok(api_.AllocatorFree(allocator, name));
  ort::OrtTypeInfo* type = nullptr;
  expect_ok(CALL(SessionGetInputTypeInfo, session, 0, &type));
  const ort::OrtTensorTypeAndShapeInfo* tensor = nullptr;
  expect_ok(CALL(CastTypeInfoToTensorInfo, type, &tensor));
  int element = 0;
  expect_ok(CALL(GetTensorElementType, tensor, &element));
  EXPECT_EQ(element, ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
  expect_ok(CALL(GetDimensionsCount, tensor, &count));
  ASSERT_EQ(count, 2U);
  std::int64_t shape[2] = {};
  expect_ok(CALL(GetDimensions, tensor, shape, 2));
  EXPECT_EQ(shape[0], -1);
  EXPECT_EQ(shape[1], 2);
  CALL(ReleaseTypeInfo, type);
  expect_ok(CALL(SessionGetOutputTypeInfo, session, 0, &type));
  api_.ReleaseTypeInfo(type);

  float numbers[4] = {1, 2, 3, 4};
  const std::int64_t rows[2] = {2, 2};
  ort::OrtValue* input = nullptr;
  expect_ok(CALL(CreateTensorWithDataAsOrtValue, memory, numbers, sizeof(numbers), rows, 2,
                 ort::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &input));
  CALL(ReleaseMemoryInfo, memory);
  const char* input_names[] = {"left", "right"};
  const char* output_names[] = {"sum"};
  const ort::OrtValue* inputs[] = {input, input};
  ort::OrtValue* output = nullptr;
  expect_ok(CALL(Run, session, nullptr, input_names, inputs, 2, output_names, 1, &output));
  int is_tensor = 0;
  expect_ok(CALL(IsTensor, output, &is_tensor));
  EXPECT_EQ(is_tensor, 1);
  ort::OrtTensorTypeAndShapeInfo* info = nullptr;
  expect_ok(CALL(GetTensorTypeAndShape, output, &info));
  expect_ok(api_.GetDimensions(info, shape, 2));
  EXPECT_EQ(shape[0], 2);
  CALL(ReleaseTensorTypeAndShapeInfo, info);
  void* data = nullptr;
  expect_ok(CALL(GetTensorMutableData, output, &data));
  EXPECT_EQ(static_cast<float*>(data)[3], 8);
  CALL(ReleaseValue, output);
  api_.ReleaseValue(input);
  CALL(ReleaseSession, session);

#define DECLARED(slot, result, name, parameters) EXPECT_TRUE(called_.contains(#name)) << #name;
  KLEIN_ORT_FUNCTIONS(DECLARED)
#undef DECLARED
}

}  // namespace
}  // namespace klein
