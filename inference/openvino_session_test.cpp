// Models run by OpenVINO, held against ONNX Runtime in fp32: the same ends, outputs within stated bounds, refusals.

#include "inference/openvino_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <thread>

#include "inference/model_cache.h"
#include "inference/onnx_file.h"
#include "inference/openvino_library.h"
#include "inference/tiny_model_test.h"

namespace klein {
namespace {

using test::TemporaryCache;
using test::TemporaryFile;
using test::TinyModel;
using ::testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;  // its thread pool opens libraries in a way that the address sanitizer aborts at
#else
constexpr bool sanitized = false;
#endif

#define SKIP_WITHOUT_WHEEL()                                                          \
  if (*openvino_wheel == '\0') GTEST_SKIP() << "the wheel openvino is not installed"; \
  if (sanitized) GTEST_SKIP() << "openvino does not run under the address sanitizer"

/// A convolution of 3 x 3 over pictures of 4 x 4 with three channels in planes, and a sum of all.
TinyModel convolution_model() {
  std::vector<float> weights(2 * 3 * 3 * 3);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = std::sin(static_cast<float>(i));
  return {.nodes = {{"Conv", {"image", "weights"}, {"features"}}, {"Relu", {"features"}, {"positive"}}},
          .inputs = {{"image", test::onnx_float, {-1, 3, 4, 4}}},
          .outputs = {{"positive", test::onnx_float, {-1, 2, 2, 2}}},
          .constants = {{"weights", {2, 3, 3, 3}, weights}}};
}

std::shared_ptr<const ModelSession> opened(const TemporaryFile& file, Runtime runtime, Precision precision) {
  auto session = open_model(file.path(), runtime, precision);
  EXPECT_TRUE(session.ok()) << session.error().text();
  return session.ok() ? *session : nullptr;
}

std::vector<float> positives(const ModelSession& session, const void* data, const Shape& shape) {
  std::vector<float> made(static_cast<std::size_t>(shape[0]) * 8, -1);
  const InputTensor inputs[] = {{data, shape}};
  OutputTensor outputs[] = {{.data = made.data(), .shape = {shape[0], 2, 2, 2}}};
  const auto ran = session.run(inputs, outputs);
  EXPECT_TRUE(ran.ok()) << ran.error().text();
  return made;
}

std::vector<float> waves(std::int64_t rows) {
  std::vector<float> values(static_cast<std::size_t>(rows) * 48);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::cos(0.37F * static_cast<float>(i));
  return values;
}

struct Pair {
  Precision precision;
  double bound;  // of the difference to fp32, where outputs are about 1
};
class OpenVinoPair : public ::testing::TestWithParam<Pair> {};

TEST_P(OpenVinoPair, gives_what_onnxruntime_gives_in_fp32_within_its_bound) {
  SKIP_WITHOUT_WHEEL();
  const auto [precision, bound] = GetParam();
  if (precision == Precision::bf16 && !processor_has_bf16()) GTEST_SKIP() << "this processor has no bf16";
  const TemporaryCache cache;
  const TemporaryFile file(convolution_model().bytes());
  const auto image = waves(5);
  const auto expected = positives(*opened(file, Runtime::onnxruntime, Precision::fp32), image.data(), {5, 3, 4, 4});
  const auto made = positives(*opened(file, Runtime::openvino, precision), image.data(), {5, 3, 4, 4});
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(made[i], expected[i], bound) << i;
}

INSTANTIATE_TEST_SUITE_P(precisions, OpenVinoPair,
                         ::testing::Values(Pair{Precision::fp32, 1e-5}, Pair{Precision::bf16, 0.05}));

TEST(OpenVino, describes_a_model_as_onnxruntime_does) {
  SKIP_WITHOUT_WHEEL();
  for (const auto& model : {convolution_model(), test::adding_model(), test::adding_model(4)}) {
    const TemporaryFile file(model.bytes());
    const auto ours = opened(file, Runtime::openvino, Precision::fp32);
    const auto theirs = opened(file, Runtime::onnxruntime, Precision::fp32);
    ASSERT_EQ(ours->inputs().size(), theirs->inputs().size());
    for (std::size_t i = 0; i < ours->inputs().size(); ++i) {
      EXPECT_EQ(ours->inputs()[i].text(), theirs->inputs()[i].text());
    }
    EXPECT_EQ(ours->outputs()[0].text(), theirs->outputs()[0].text());
  }
}

TEST(OpenVino, normalises_pictures_that_it_takes_as_bytes) {
  SKIP_WITHOUT_WHEEL();
  const TemporaryCache cache;
  const TemporaryFile file(convolution_model().bytes());
  std::vector<std::uint8_t> bytes(2 * 48);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{100});
  const PictureInput picture{
      .pixels = 16,
      .channels = 3,
      .normalisation = {.mean = {100, 120, 140}, .deviation = {10, 20, 40}},
      .layout = ImageLayout::channel_height_width,
      .has_axes = true};
  std::vector<float> floats(bytes.size());
  normalise(bytes.data(), 2, 16, 3, picture.normalisation, picture.layout, floats.data());
  const auto expected = positives(*opened(file, Runtime::onnxruntime, Precision::fp32), floats.data(), {2, 3, 4, 4});
  const auto session = opened(file, Runtime::openvino, Precision::fp32)->taking({picture});
  ASSERT_NE(session, nullptr);
  const auto made = positives(*session, bytes.data(), {2, 4, 4, 3});
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(made[i], expected[i], 1e-4) << i;
}

TEST(OpenVino, runs_in_many_threads_at_a_time) {
  SKIP_WITHOUT_WHEEL();
  const TemporaryCache cache;
  const TemporaryFile file(test::adding_model().bytes());
  const auto session = opened(file, Runtime::openvino, Precision::fp32);
  std::vector<std::thread> threads;
  std::vector<int> right(4);
  for (std::size_t number = 0; number < right.size(); ++number) {
    threads.emplace_back([&session, &good = right[number], number] {
      good = test::right_sums(*session, static_cast<float>(number), 50);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto good : right) EXPECT_EQ(good, 50);
}

TEST(OpenVino, hands_over_outputs_that_have_no_place) {
  SKIP_WITHOUT_WHEEL();
  const TemporaryCache cache;
  const TemporaryFile file(test::adding_model().bytes());
  const auto session = opened(file, Runtime::openvino, Precision::fp32);
  const float left[] = {1, 2};
  const InputTensor inputs[] = {{left, {1, 2}}, {left, {1, 2}}};
  OutputTensor outputs[] = {{.index = 0}};
  ASSERT_TRUE(session->run(inputs, outputs).ok());
  EXPECT_EQ(outputs[0].shape, (Shape{1, 2}));
  EXPECT_EQ(static_cast<const float*>(outputs[0].data)[1], 4);
}

TEST(OpenVino, takes_a_compiled_model_from_the_cache) {
  SKIP_WITHOUT_WHEEL();
  const TemporaryCache cache;
  const auto image = waves(2);
  const TemporaryFile file(convolution_model().bytes()), same(convolution_model().bytes());
  const auto first = positives(*opened(file, Runtime::openvino, Precision::fp32), image.data(), {2, 3, 4, 4});
  ASSERT_EQ(cache.entries().size(), 1U);
  const auto made = std::filesystem::last_write_time(cache.entries()[0]);
  EXPECT_EQ(positives(*opened(same, Runtime::openvino, Precision::fp32), image.data(), {2, 3, 4, 4}), first);
  ASSERT_EQ(cache.entries().size(), 1U);  // the same content, whatever its file
  EXPECT_GE(std::filesystem::last_write_time(cache.entries()[0]), made);
}

TEST(OpenVino, makes_a_damaged_cache_entry_anew_and_says_so) {
  SKIP_WITHOUT_WHEEL();
  const TemporaryCache cache;
  const auto image = waves(2);
  const TemporaryFile file(convolution_model().bytes()), same(convolution_model().bytes());
  const auto first = positives(*opened(file, Runtime::openvino, Precision::fp32), image.data(), {2, 3, 4, 4});
  const auto entry = cache.entries().at(0);
  std::fstream(entry, std::ios::in | std::ios::out | std::ios::binary).seekp(100) << "damage";
  testing::internal::CaptureStderr();
  const auto again = positives(*opened(same, Runtime::openvino, Precision::fp32), image.data(), {2, 3, 4, 4});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "klein: warning: a model kept from before was damaged and is made anew: " + entry.string() + "\n");
  EXPECT_EQ(again, first);
  EXPECT_EQ(cache.entries(), std::vector{entry});
}

TEST(OpenVino, keeps_no_more_than_the_cache_may_hold) {
  const TemporaryCache cache;
  setenv("KLEIN_CACHE_BYTES", "1000", 1);
  for (const auto* name : {"one", "two", "three"}) {
    keep_model(name, [](const std::string& path) {
      std::ofstream(path) << std::string(600, 'x');
      return true;
    });
  }
  unsetenv("KLEIN_CACHE_BYTES");
  EXPECT_EQ(cache.entries(), std::vector{cache.path() / "three"});
  EXPECT_EQ(find_model("three")->bytes(), std::string(600, 'x'));
}

/// Why OpenVINO refuses a model, fed with `rows` rows of two floats.
std::string refusal(const TinyModel& model) {
  const TemporaryCache cache;
  const TemporaryFile file(model.bytes());
  const auto session = open_model(file.path(), Runtime::openvino, Precision::fp32);
  if (!session.ok()) return session.error().message();
  const float data[] = {1, 2};
  const InputTensor inputs[] = {{data, {1, 2}}};
  OutputTensor outputs[] = {{.index = 0}};
  const auto ran = (*session)->run(inputs, outputs);
  return ran.ok() ? "it ran" : ran.error().message();
}

TEST(OpenVino, says_who_may_run_a_model_that_it_can_not) {
  SKIP_WITHOUT_WHEEL();
  const std::vector<test::TinyValue> input = {{"in", test::onnx_float, {-1, 2}}};
  const std::vector<test::TinyValue> output = {{"out", test::onnx_float, {-1, 2}}};
  const auto unknown = refusal({.nodes = {{"NoSuchOperation", {"in"}, {"out"}}}, .inputs = input, .outputs = output});
  EXPECT_THAT(unknown, HasSubstr("OpenVINO can't run this model, "));
  EXPECT_THAT(unknown, HasSubstr("NoSuchOperation"));
  EXPECT_THAT(unknown, HasSubstr("runtime=\"onnxruntime\" may"));
  EXPECT_THAT(unknown, ::testing::Not(HasSubstr("\n")));
  const auto sized = refusal(
      {.nodes = {{"NonZero", {"in"}, {"out"}}}, .inputs = input, .outputs = {{"out", test::onnx_int64, {-1, -1}}}});
  EXPECT_THAT(sized, HasSubstr("(the size of its output 'out' depends on the values that go in)"));
}

TEST(OpenVino, says_that_a_file_is_no_model) {
  SKIP_WITHOUT_WHEEL();
  for (const auto* content : {"", "these bytes are no protobuf", "\x3a\x7f"}) {
    const TemporaryFile file(content);
    const auto session = open_model(file.path(), Runtime::openvino, Precision::fp32);
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.error().message(), "this model can't be loaded, " + file.path() + ": it is not an ONNX file");
  }
}

TEST(OpenVino, says_what_to_install_where_it_is_missing_or_old) {
  const auto missing = load_openvino("/nowhere");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message(),
            "OpenVINO is not installed, run: pip install 'pyklein[openvino]' (no libopenvino_c.so in /nowhere)");
  const auto old = check_openvino_version("2023.1.0-12185");
  ASSERT_FALSE(old.ok());
  EXPECT_EQ(old.error().message(),
            "OpenVINO is too old, run: pip install -U 'openvino>=2025' (found version 2023.1.0-12185)");
}

}  // namespace
}  // namespace klein
