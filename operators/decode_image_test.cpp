#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "kind_test.h"
#include "media/pictures_test.h"
#include "op/run_operator.h"

namespace klein {

void register_decode_image(Registry& registry);
void register_resize_image(Registry& registry);

namespace {

Batch files(const std::vector<std::string>& bytes) {
  arrow::BinaryBuilder builder;
  EXPECT_TRUE(builder.AppendValues(bytes).ok());
  const auto column = *builder.Finish();
  return Batch(
      arrow::RecordBatch::Make(arrow::schema({arrow::field("bytes", arrow::binary())}), column->length(), {column}));
}

OperatorRun run(void (*add)(Registry&), std::string_view params, const std::vector<Batch>& batches) {
  auto ran = run_operator(kind_from(add), map_from(params), {batches});
  EXPECT_TRUE(ran.ok()) << (ran.ok() ? "" : ran.error().text());
  return ran.ok() ? *std::move(ran) : OperatorRun{};
}

const std::string blue = test::png({1, 2}, {1, 2, 255, 1, 2, 255});

TEST(DecodeImage, WithASizeMakesATensor) {
  const auto ran =
      run(register_decode_image, R"({"column": "bytes", "size": [1, 1], "into": "pixels"})", {files({blue})});
  ASSERT_EQ(ran.rows.size(), 1);
  EXPECT_EQ(ran.rows[0].schema().text(), "bytes: binary, pixels: tensor[1, 1, 3] of uint8");
  const auto pixels = *ran.rows[0].columns()->column(1)->View(arrow::fixed_size_list(arrow::uint8(), 3));
  EXPECT_EQ(pixels->ToString().find("255") != std::string::npos, true);
}

TEST(DecodeImage, WithoutASizeKeepsEachPicturesOwn) {
  const auto ran =
      run(register_decode_image, R"({"column": "bytes"})", {files({blue, test::jpeg(test::draw({5, 4}))})});
  const auto& pictures = static_cast<const arrow::StructArray&>(*ran.rows.at(0).columns()->column(0));
  EXPECT_EQ(pictures.field(0)->ToString(), "[\n  1,\n  5\n]");
  EXPECT_EQ(pictures.field(1)->ToString(), "[\n  2,\n  4\n]");
}

TEST(DecodeImage, ThenResizeIsOneStepAndTheSameRows) {
  const auto decode = kind_from(register_decode_image), resize = kind_from(register_resize_image);
  const std::string plain = R"({"column": "bytes", "into": "p"})",
                    to = R"({"column": "p", "size": [6, 7], "resample": "area"})";
  const auto both = merged(decode, plain, resize, to);
  const auto input = files({test::png({20, 30}, test::draw({20, 30}).pixels)});
  const auto once = run(register_decode_image, both, {input});
  const auto twice = run(register_resize_image, to, run(register_decode_image, plain, {input}).rows);
  EXPECT_TRUE(once.rows.at(0).columns()->Equals(*twice.rows.at(0).columns()));
  EXPECT_EQ(merged(decode, R"({"column": "bytes", "size": 9})", resize, R"({"column": "bytes", "size": 3})"), "");
}

TEST(DecodeImage, ABadPictureFailsAloneAndIsNamed) {
  const auto bad = blue.substr(0, 50);
  const auto kind = kind_from(register_decode_image);
  const auto raised = run_operator(kind, map_from(R"({"column": "bytes", "size": 2})"), {{files({blue, bad})}});
  ASSERT_FALSE(raised.ok());
  EXPECT_NE(raised.error().text().find("row 1: the PNG file is truncated"), std::string::npos) << raised.error().text();
  const auto ran = run(register_decode_image, R"({"column": "bytes", "size": 2, "on_error": "dead_letter"})",
                       {files({blue, bad, blue})});
  ASSERT_EQ(ran.rows.at(0).rows(), 2);
  EXPECT_EQ(ran.rows[0].row_number(1), 2);
  EXPECT_EQ(ran.errors.at(0).rows(), 1);
}

TEST(DecodeImage, ManyLargePicturesLeaveInParts) {
  const auto ran = run(register_decode_image, R"({"column": "bytes", "size": [1000, 1000]})",
                       {files(std::vector<std::string>(7, blue))});
  std::int64_t rows = 0;
  for (const auto& batch : ran.rows) {
    EXPECT_LE(batch.rows(), 2);
    EXPECT_EQ(batch.row_number(0), rows);
    rows += batch.rows();
  }
  EXPECT_EQ(rows, 7);
}

TEST(DecodeImage, WhatCanNotWorkIsRefusedAtOnce) {
  const auto kind = kind_from(register_decode_image);
  EXPECT_EQ(
      output_of(kind, R"({"column": "id"})", R"([{"id": 1}])"), "decode_image needs a column of bytes; 'id' is int64");
  for (const auto* params : {R"({"column": "b", "size": [0, 1]})", R"({"column": "b", "size": [1, 2, 3]})",
                             R"({"column": "b", "size": 1.5})", R"({"column": "b", "background": "mauve"})"}) {
    EXPECT_FALSE(kind.schema(params_of(kind, params), {std::nullopt}).ok()) << params;
  }
}

TEST(ResizeImage, TakesOnlyPictures) {
  EXPECT_EQ(output_of(kind_from(register_resize_image), R"({"column": "id", "size": 3})", R"([{"id": 1}])"),
            "resize_image needs a column of pictures, as decode_image makes them; 'id' is int64");
}

}  // namespace
}  // namespace klein
