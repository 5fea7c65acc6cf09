// infer on tiny models: what it makes, how it slices, what it refuses before work starts.

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "inference/tensor_column.h"
#include "inference/tiny_model_test.h"
#include "op/gathering.h"
#include "op/registry.h"

namespace klein {
void register_infer(Registry& registry);
namespace {

using test::TemporaryFile;
using test::TinyModel;
using ::testing::HasSubstr;

const OperatorKind& infer() {
  static const auto* registry = [] {
    auto* made = new Registry;
    register_infer(*made);
    return made;
  }();
  return *registry->find_operator("infer");
}

template <typename T>
std::shared_ptr<arrow::Array> column(const Shape& shape, const std::vector<T>& values, ElementType element) {
  auto buffer = *arrow::AllocateBuffer(static_cast<std::int64_t>(values.size() * sizeof(T)));
  if (!values.empty()) std::memcpy(buffer->mutable_data(), values.data(), values.size() * sizeof(T));
  const Cell cell{element, shape};
  return make_column(column_type(cell), static_cast<std::int64_t>(values.size()) / cell.elements(), std::move(buffer));
}
std::shared_ptr<arrow::Array> floats(const Shape& shape, const std::vector<float>& values) {
  return column(shape, values, ElementType::float32);
}

Batch batch_of(const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return Batch(arrow::RecordBatch::Make(arrow::schema(fields), arrays[0]->length(), arrays));
}

std::vector<float> numbers(const Batch& batch, const std::string& name) {
  const auto array = batch.columns()->GetColumnByName(name);
  const auto count = array->length() * cell_of(*array->type())->elements();
  const auto* first = reinterpret_cast<const float*>(cells(*array));
  return {first, first + count};
}

struct Ran {
  Batch main = batch_of({{"nothing", floats({}, {})}});
  std::vector<Batch> errors;
  std::int64_t failed = 0;
};

/// Each batch in a step of its own, or all in one.
Result<Ran> run(const std::string& params, const std::vector<Batch>& batches, bool together = false) {
  const auto given = KLEIN_TRY(parse_json(params));
  const auto checked = KLEIN_TRY(Params::make(infer().params, *given.get<Value::Map>()));
  const Schemas schemas = {batches[0].schema()};
  const auto schema = KLEIN_TRY(infer().schema(checked, schemas));
  const auto step = KLEIN_TRY(infer().make(checked, schemas));
  const SteadyClock clock;
  Ran ran;
  const Context context{.step = "infer", .clock = &clock, .waker = {}, .rows_failed = &ran.failed};
  KLEIN_TRY(step->open(context));
  std::vector<Batch> made;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    Output out;
    KLEIN_TRY(step->process(0, batches[i], out));
    if (!together || i + 1 == batches.size()) KLEIN_TRY(dynamic_cast<Gathering&>(*step).end_step(out));
    for (auto& [port, emitted] : out.emitted()) (port == Port::main ? made : ran.errors).push_back(std::move(emitted));
  }
  if (!made.empty()) {
    ran.main = KLEIN_TRY(concatenate(made));
    EXPECT_EQ(ran.main.schema(), *schema);
  }
  return ran;
}

std::string model(const TemporaryFile& file, const std::string& more = "") {
  return R"({"model": ")" + file.path() + "\"" + (more.empty() ? "" : ", ") + more + "}";
}

#define ASSERT_OK(result) ASSERT_TRUE((result).ok()) << (result).error().text()

/// The message of the error that the plan of `params` over `batch` is refused with.
std::string refusal(const std::string& params, const Batch& batch) {
  const auto ran = run(params, {batch});
  return ran.ok() ? "it ran" : ran.error().message();
}

Batch pairs(std::int64_t rows) {
  std::vector<float> left(static_cast<std::size_t>(rows) * 2), right(left.size(), 1000);
  std::iota(left.begin(), left.end(), 0.F);
  return batch_of({{"left", floats({2}, left)}, {"right", floats({2}, right)}});
}

/// `out = in`, a uint8 picture's way through a float model.
TinyModel picture_model(const Shape& shape) {
  return {.nodes = {{"Identity", {"image"}, {"out"}}},
          .inputs = {{"image", test::onnx_float, shape}},
          .outputs = {{"out", test::onnx_float, shape}}};
}

Batch pictures() {  // two of 1 x 2 pixels
  return batch_of(
      {{"image", column<std::uint8_t>({1, 2, 3}, {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}, ElementType::uint8)}});
}

TEST(Infer, adds_its_outputs_behind_the_columns_that_come) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto ran = run(model(file), {pairs(3)});
  ASSERT_OK(ran);
  EXPECT_EQ(ran->main.schema().text(), "left: tensor[2] of float, right: tensor[2] of float, sum: tensor[2] of float");
  EXPECT_EQ(numbers(ran->main, "sum"), (std::vector<float>{1000, 1001, 1002, 1003, 1004, 1005}));
}

TEST(Infer, maps_names_both_ways) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto ran = run(model(file, R"("inputs": {"left": "a", "right": "a"}, "outputs": {"sum": "twice"})"),
                       {batch_of({{"a", floats({2}, {1, 2})}})});
  ASSERT_OK(ran);
  EXPECT_EQ(ran->main.schema().text(), "a: tensor[2] of float, twice: tensor[2] of float");
  EXPECT_EQ(numbers(ran->main, "twice"), (std::vector<float>{2, 4}));
}

class InferRows : public ::testing::TestWithParam<std::tuple<std::int64_t, std::string>> {};

TEST_P(InferRows, gives_every_row_its_own_answer_however_calls_are_sliced) {
  const auto& [fixed, more] = GetParam();
  const TemporaryFile file(test::adding_model(fixed).bytes());
  const auto whole = pairs(200);
  auto expected = numbers(whole, "left");
  for (auto& number : expected) number += 1000;
  for (const bool together : {false, true}) {
    const auto ran = run(model(file, more), {whole.slice(0, 97), whole.slice(97, 1), whole.slice(98, 102)}, together);
    ASSERT_OK(ran);
    EXPECT_EQ(numbers(ran->main, "sum"), expected);
    EXPECT_EQ(numbers(ran->main, "left"), numbers(whole, "left"));
  }
}

INSTANTIATE_TEST_SUITE_P(slices, InferRows,
                         ::testing::Values(std::tuple(-1, ""), std::tuple(-1, R"("batch_size": 7)"), std::tuple(1, ""),
                                           std::tuple(16, ""), std::tuple(16, R"("batch_size": 16)"),
                                           std::tuple(512, "")));

TEST(Infer, reads_lists_of_fixed_size_and_numbers_and_writes_numbers) {
  const TinyModel sum_of{
      .nodes = {{"ReduceMax", {"list"}, {"most"}, {{"axes", {1}}}}, {"Add", {"number", "number"}, {"twice"}}},
      .inputs = {{"list", test::onnx_float, {-1, 2}}, {"number", test::onnx_float, {-1}}},
      .outputs = {{"most", test::onnx_float, {-1, 1}}, {"twice", test::onnx_float, {-1}}}};
  const TemporaryFile file(sum_of.bytes());
  auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder lists(arrow::default_memory_pool(), values, 2);
  for (const float value : {1.F, 2.F, 4.F, 3.F}) {
    if (values->length() % 2 == 0) {
      ASSERT_TRUE(lists.Append().ok());
    }
    ASSERT_TRUE(values->Append(value).ok());
  }
  const auto ran = run(model(file), {batch_of({{"list", *lists.Finish()}, {"number", floats({}, {5, 6})}})});
  ASSERT_OK(ran);
  EXPECT_EQ(numbers(ran->main, "most"), (std::vector<float>{2, 4}));
  EXPECT_EQ(numbers(ran->main, "twice"), (std::vector<float>{10, 12}));
  EXPECT_THAT(ran->main.schema().text(), HasSubstr("most: tensor[1] of float, twice: float"));
}

TEST(Infer, normalises_pictures_and_keeps_them_interleaved_where_the_model_does) {
  const TemporaryFile file(picture_model({-1, 1, 2, 3}).bytes());
  const auto ran = run(model(file, R"("mean": 1, "std": [1, 2, 4])"), {pictures()});
  ASSERT_OK(ran);
  EXPECT_EQ(numbers(ran->main, "out"), (std::vector<float>{-1, 0, .25, 2, 1.5, 1, 9, 5, 2.75, 12, 6.5, 3.5}));
}

TEST(Infer, lays_pictures_out_in_planes_where_the_model_wants_them) {
  const TemporaryFile file(picture_model({-1, 3, -1, -1}).bytes());
  const auto ran = run(model(file), {pictures()});
  ASSERT_OK(ran);
  EXPECT_EQ(numbers(ran->main, "out"), (std::vector<float>{0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15}));
  EXPECT_THAT(ran->main.schema().text(), HasSubstr("out: tensor[3, 1, 2] of float"));  // found by trying
}

TEST(Infer, feeds_columns_in_place) {
  const TinyModel bytes{.nodes = {{"Identity", {"image"}, {"out"}}},
                        .inputs = {{"image", test::onnx_uint8, {-1, 1, 2, 3}}},
                        .outputs = {{"out", test::onnx_uint8, {-1, 1, 2, 3}}}};
  const TemporaryFile file(bytes.bytes());
  const auto ran = run(model(file), {pictures().slice(1, 1)});
  ASSERT_OK(ran);
  EXPECT_EQ(*cells(*ran->main.columns()->GetColumnByName("out")), 10);
}

Batch with_null() {
  arrow::FloatBuilder builder;
  EXPECT_TRUE(builder.AppendValues({1, 2, 3}, {true, false, true}).ok());
  return batch_of({{"number", *builder.Finish()}});
}
TinyModel doubling_model() {
  return {.nodes = {{"Add", {"number", "number"}, {"twice"}}},
          .inputs = {{"number", test::onnx_float, {-1}}},
          .outputs = {{"twice", test::onnx_float, {-1}}}};
}

TEST(Infer, names_the_row_and_the_column_of_a_null) {
  const TemporaryFile file(doubling_model().bytes());
  const auto ran = run(model(file), {with_null()});
  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.error().text(), "row 1: a model can't take a null, column 'number' has one");
}

TEST(Infer, skips_nulls_or_sends_them_to_the_errors_port) {
  const TemporaryFile file(doubling_model().bytes());
  const auto skipped = run(model(file, R"("on_error": "skip")"), {with_null()});
  ASSERT_OK(skipped);
  EXPECT_EQ(numbers(skipped->main, "twice"), (std::vector<float>{2, 6}));
  EXPECT_EQ(skipped->failed, 1);
  EXPECT_TRUE(skipped->errors.empty());
  const auto sent = run(model(file, R"("on_error": "dead_letter")"), {with_null()});
  ASSERT_OK(sent);
  ASSERT_EQ(sent->errors.size(), 1U);
  EXPECT_EQ(sent->errors[0].rows(), 1);
}

/// `out` = the entry of a table at `index`: the model itself fails where there is none.
TinyModel table_model() {
  return {.nodes = {{"Gather", {"table", "index"}, {"out"}}},
          .inputs = {{"index", test::onnx_int64, {-1}}},
          .outputs = {{"out", test::onnx_float, {-1}}},
          .constants = {{"table", {3}, {10, 20, 30}}}};
}

TEST(Infer, finds_the_row_that_a_model_fails_on) {
  const TemporaryFile file(table_model().bytes());
  const auto batch = batch_of({{"index", column<std::int64_t>({}, {0, 1, 2, 99, 1, 0}, ElementType::int64)}});
  const auto raised = run(model(file, R"("batch_size": 4)"), {batch});
  ASSERT_FALSE(raised.ok());
  EXPECT_EQ(raised.error().row(), "3");
  const auto skipped = run(model(file, R"("batch_size": 4, "on_error": "skip")"), {batch});
  ASSERT_OK(skipped);
  EXPECT_EQ(numbers(skipped->main, "out"), (std::vector<float>{10, 20, 30, 20, 10}));
  EXPECT_EQ(skipped->failed, 1);
}

TEST(Infer, finds_the_row_of_the_batch_that_a_model_fails_on_among_several) {
  const TemporaryFile file(table_model().bytes());
  const auto batch = batch_of({{"index", column<std::int64_t>({}, {0, 1, 2, 99, 1, 0}, ElementType::int64)}});
  const std::vector<Batch> parts = {batch.slice(0, 1), batch.slice(1, 1), batch.slice(2, 3), batch.slice(5, 1)};
  const auto raised = run(model(file), parts, true);
  ASSERT_FALSE(raised.ok());
  EXPECT_EQ(raised.error().row(), "3");
  const auto skipped = run(model(file, R"("on_error": "skip")"), parts, true);
  ASSERT_OK(skipped);
  EXPECT_EQ(numbers(skipped->main, "out"), (std::vector<float>{10, 20, 30, 20, 10}));
  EXPECT_EQ(skipped->failed, 1);
}

TEST(Infer, refuses_names_that_are_not_there) {
  const TemporaryFile file(test::adding_model().bytes());
  EXPECT_EQ(refusal(model(file, R"("inputs": {"lefd": "left", "right": "right"})"), pairs(1)),
            "the model has no input 'lefd'. Did you mean 'left'? Known: left, right.");
  EXPECT_EQ(refusal(model(file, R"("outputs": {"sun": "x"})"), pairs(1)),
            "the model has no output 'sun'. Did you mean 'sum'? Known: sum.");
  EXPECT_EQ(refusal(model(file, R"("inputs": {"left": "left"})"), pairs(1)),
            "a column must feed the model's input 'right': name it in `inputs`");
  EXPECT_EQ(refusal(model(file, R"("inputs": {"left": "leff", "right": "right"})"), pairs(1)),
            "there is no column 'leff'. Did you mean 'left'? Known: left, right.");
  EXPECT_EQ(refusal(model(file, R"("outputs": {"sum": "left"})"), pairs(1)),
            "the column 'left' is there already: name the model's output 'sum' in `outputs`");
}

TEST(Infer, refuses_types_and_shapes_that_do_not_go_together) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto left = floats({2}, {1, 2});
  const auto refused = [&](std::shared_ptr<arrow::Array> right) {
    return refusal(model(file), batch_of({{"left", left}, {"right", std::move(right)}}));
  };
  const std::string input = "the model's input right: float32[?, 2] does not take column 'right' of type ";
  EXPECT_EQ(refused(floats({3}, {1, 2, 3})), input + "tensor[3] of float");
  EXPECT_EQ(refused(column<double>({2}, {1, 2}, ElementType::float64)), input + "tensor[2] of double");
  arrow::StringBuilder words;
  ASSERT_TRUE(words.Append("x").ok());
  EXPECT_EQ(refused(*words.Finish()), input + "string");
  EXPECT_EQ(refusal(model(file, R"("mean": 1)"), pairs(1)),
            "mean and std are for uint8 columns that feed float inputs, and there is none");
}

TEST(Infer, refuses_pictures_that_the_model_does_not_take) {
  const TemporaryFile other(picture_model({-1, 8, 8, 3}).bytes()), any(picture_model({-1, -1, -1, -1}).bytes()),
      fits(picture_model({-1, 1, 2, 3}).bytes());
  EXPECT_EQ(
      refusal(model(other), pictures()),
      "the model's input image: float32[?, 8, 8, 3] does not take column 'image' of type tensor[1, 2, 3] of uint8");
  EXPECT_THAT(refusal(model(any), pictures()), HasSubstr("where the channels stand can't be told from the shape"));
  EXPECT_EQ(refusal(model(fits, R"("std": [1, 2])"), pictures()),
            "std must be one number or one for each of the 3 channels, it has 2");
  EXPECT_EQ(refusal(model(fits, R"("std": 0)"), pictures()), "std must not be 0");
}

TEST(Infer, refuses_models_that_are_none_and_outputs_that_are_no_columns) {
  EXPECT_EQ(refusal(R"({"model": "/nowhere.onnx"})", pairs(1)), "no such model file: /nowhere.onnx");
  const TemporaryFile corrupt("no model"),
      total(TinyModel{.nodes = {{"ReduceSum", {"number"}, {"total"}}},
                      .inputs = {{"number", test::onnx_float, {-1}}},
                      .outputs = {{"total", test::onnx_float, {1}}}}
                .bytes());
  EXPECT_THAT(refusal(model(corrupt), pairs(1)), HasSubstr("this model can't be loaded"));
  EXPECT_EQ(refusal(model(total), batch_of({{"number", floats({}, {1, 2})}})),
            "the model's output does not have one entry a row: total: float32[1]");
  const TemporaryFile fixed(test::adding_model(4).bytes());
  EXPECT_EQ(refusal(model(fixed, R"("batch_size": 8)"), pairs(1)),
            "the model takes 4 rows a call and no other number, batch_size is 8");
}

TEST(Infer, says_what_is_not_built_yet) {
  const TemporaryFile file(test::adding_model().bytes());
  EXPECT_EQ(refusal(model(file, R"("precision": "int8")"), pairs(1)),
            "precision=\"int8\" is not built yet: use \"fp32\" or \"bf16\"");
  EXPECT_EQ(
      refusal(model(file, R"("latency": "0s")"), pairs(1)), "latency is more than nothing, such as \"200ms\", not 0s");
  EXPECT_EQ(refusal(model(file, R"("batch_size": "big")"), pairs(1)),
            "batch_size must be \"auto\" or a number of rows from 1, not \"big\"");
}

TEST(Infer, asks_only_for_the_columns_it_reads) {
  const TemporaryFile file(test::adding_model().bytes());
  const auto given = parse_json(model(file, R"("inputs": {"left": "a", "right": "b"}, "outputs": {"sum": "c"})"));
  const auto params = Params::make(infer().params, *given->get<Value::Map>());
  ASSERT_OK(params);
  EXPECT_EQ(infer().required(*params, {"c", "id"}), (Columns{"a", "b", "id"}));
  EXPECT_EQ(infer().makes(*params), (Columns{"c"}));
}

}  // namespace
}  // namespace klein
