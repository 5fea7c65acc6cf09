#include "inference/model_session.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "inference/onnxruntime_library.h"
#include "inference/tiny_model_test.h"

namespace klein {
namespace {

using test::TemporaryFile;

std::shared_ptr<const ModelSession> open(const TemporaryFile& file) {
  auto session = open_model(file.path());
  EXPECT_TRUE(session.ok()) << session.error().text();
  return *session;
}

TEST(ModelSession, says_what_a_model_takes_and_gives) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto session = open(file);
  ASSERT_EQ(session->inputs().size(), 2U);
  EXPECT_EQ(session->inputs()[0].text(), "left: float32[?, 2]");
  ASSERT_EQ(session->outputs().size(), 1U);
  EXPECT_EQ(session->outputs()[0].text(), "sum: float32[?, 2]");
}

TEST(ModelSession, writes_into_the_callers_memory) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto session = open(file);
  const float left[] = {1, 2, 3, 4}, right[] = {10, 20, 30, 40};
  float sum[4] = {};
  const InputTensor inputs[] = {{left, {2, 2}}, {right, {2, 2}}};
  OutputTensor outputs[] = {{.data = sum, .shape = {2, 2}}};
  ASSERT_TRUE(session->run(inputs, outputs).ok());
  EXPECT_EQ(sum[0], 11);
  EXPECT_EQ(sum[3], 44);
  EXPECT_EQ(outputs[0].data, sum);
  EXPECT_EQ(outputs[0].owner, nullptr);
}

TEST(ModelSession, hands_over_outputs_whose_shape_is_not_known) {
  const TemporaryFile file(test::adding_model().bytes());
  auto session = open(file);
  const float left[] = {1, 2, 3, 4, 5, 6};
  const InputTensor inputs[] = {{left, {3, 2}}, {left, {3, 2}}};
  OutputTensor outputs[] = {{.index = 0}};
  ASSERT_TRUE(session->run(inputs, outputs).ok());
  session.reset();
  EXPECT_EQ(outputs[0].shape, (Shape{3, 2}));
  EXPECT_EQ(static_cast<const float*>(outputs[0].data)[5], 12);
}

TEST(ModelSession, refuses_a_shape_in_words_and_goes_on) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto session = open(file);
  const float left[] = {1, 2, 3};
  const InputTensor wrong[] = {{left, {1, 3}}, {left, {1, 3}}};
  OutputTensor outputs[] = {{.index = 0}};
  const auto refused = session->run(wrong, outputs);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::invalid);
  EXPECT_NE(refused.error().message().find("left"), std::string::npos);
  const InputTensor right[] = {{left, {1, 2}}, {left, {1, 2}}};
  EXPECT_TRUE(session->run(right, outputs).ok());
}

TEST(ModelSession, is_shared_by_all_who_open_the_same_file) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto first = open(file), second = open(file);
  EXPECT_EQ(first, second);
}

TEST(ModelSession, is_loaded_anew_when_the_file_was_replaced) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto first = open(file);
  file.write(test::adding_model(4).bytes());
  const auto second = open(file);
  EXPECT_NE(first, second);
  EXPECT_EQ(second->inputs()[0].shape, (Shape{4, 2}));
}

TEST(ModelSession, runs_in_many_threads_at_a_time) {
  const TemporaryFile file(test::adding_model().bytes());
  std::vector<std::thread> threads;
  std::vector<int> right(8);
  for (std::size_t number = 0; number < right.size(); ++number) {
    threads.emplace_back([&file, &good = right[number], number] {
      const auto session = open(file);
      good = test::right_sums(*session, static_cast<float>(number), 100);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto good : right) EXPECT_EQ(good, 100);
}

TEST(ModelSession, names_a_file_that_does_not_exist) {
  const auto session = open_model("/nowhere/model.onnx");
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.error().code(), Code::not_found);
  EXPECT_EQ(session.error().message(), "no such model file: /nowhere/model.onnx");
}

TEST(ModelSession, says_that_a_file_is_no_model) {
  for (const auto* content : {"", "these bytes are no protobuf"}) {
    const TemporaryFile file(content);
    const auto session = open_model(file.path());
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.error().code(), Code::corrupt) << session.error().text();
    EXPECT_TRUE(session.error().message().starts_with("this model can't be loaded, " + file.path()));
  }
}

TEST(OnnxRuntimeLibrary, says_what_to_install_where_it_is_missing) {
  const auto runtime = load_onnxruntime("/nowhere");
  ASSERT_FALSE(runtime.ok());
  EXPECT_EQ(runtime.error().code(), Code::not_found);
  EXPECT_NE(runtime.error().message().find("pip install onnxruntime"), std::string::npos);
}

TEST(OnnxRuntimeLibrary, refuses_one_that_is_too_old) {
  const ort::ApiBase old{[](std::uint32_t) -> const void* { return nullptr; }, [] { return "1.10.0"; }};
  const auto api = api_of(old, "libonnxruntime.so.1.10.0");
  ASSERT_FALSE(api.ok());
  EXPECT_EQ(api.error().code(), Code::unavailable);
  EXPECT_EQ(api.error().message(),
            "ONNX Runtime is too old, run: pip install -U 'onnxruntime>=1.24' (found version 1.10.0 at "
            "libonnxruntime.so.1.10.0)");
}

TEST(OnnxRuntimeLibrary, refuses_a_file_that_is_no_library) {
  const TemporaryFile file("no library");
  const auto runtime = load_onnxruntime(file.path());
  ASSERT_FALSE(runtime.ok());
  EXPECT_TRUE(runtime.error().message().starts_with("ONNX Runtime can't be opened")) << runtime.error().text();
}

}  // namespace
}  // namespace klein
