#include "pixels.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "op/dead_letter.h"

namespace klein {

std::shared_ptr<arrow::DataType> tensor_type(const PixelShape& shape) {
  return arrow::extension::fixed_shape_tensor(arrow::uint8(), {shape.size.height, shape.size.width, shape.channels});
}

std::shared_ptr<arrow::DataType> any_size_type() {
  return arrow::struct_({arrow::field("height", arrow::int32()), arrow::field("width", arrow::int32()),
                         arrow::field("pixels", arrow::large_binary())});
}

std::optional<PixelShape> tensor_shape(const arrow::DataType& type) {
  const auto* tensor = dynamic_cast<const arrow::extension::FixedShapeTensorType*>(&type);
  if (tensor == nullptr || tensor->value_type()->id() != arrow::Type::UINT8 || !tensor->permutation().empty())
    return {};
  const auto& shape = tensor->shape();
  if (shape.size() != 3 || shape[2] < 1 || shape[2] > 4 || shape[0] * shape[1] > max_image_pixels) return {};
  return PixelShape{{static_cast<int>(shape[0]), static_cast<int>(shape[1])}, static_cast<int>(shape[2])};
}

std::shared_ptr<arrow::Array> tensor_column(const PixelShape& shape, std::int64_t rows,
                                            std::shared_ptr<arrow::Buffer> pixels) {
  auto values = arrow::ArrayData::Make(arrow::uint8(), rows * shape.bytes(), {nullptr, std::move(pixels)}, 0);
  return arrow::MakeArray(arrow::ArrayData::Make(tensor_type(shape), rows, {nullptr}, {std::move(values)}, 0));
}

Param size_param(std::string doc, bool required) {
  Param param{.name = "size", .type = ParamType::numbers, .doc = std::move(doc)};
  if (!required) param.fallback = Value();
  return param;
}

Param resample_param() {
  return {
      .name = "resample",
      .type = ParamType::string,
      .doc = "The filter, as Pillow defines it: \"bilinear\", \"bicubic\" or \"area\" (Pillow's box); all antialiased.",
      .fallback = Value("bilinear"),
      .choices = {"bilinear", "bicubic", "area"},
      .keyword_only = true};
}

Param into_param() {
  return {.name = "into",
          .type = ParamType::string,
          .doc = "The column to make; left out, it takes the place of the one that is read.",
          .fallback = Value(),
          .keyword_only = true};
}

Result<std::optional<Size>> size_of(const Params& params) {
  if (params.is_null("size")) return std::optional<Size>();
  const auto numbers = params.numbers("size");
  const auto side = [&](std::size_t i) { return i < numbers.size() ? numbers[i] : numbers.front(); };
  constexpr double most = 1 << 16;
  for (const double number : numbers) {
    if (number < 1 || number > most || number != static_cast<int>(number)) {
      return Error(Code::invalid, "size must be whole numbers from 1 to 65536: (height, width)");
    }
  }
  if (numbers.empty() || numbers.size() > 2) return Error(Code::invalid, "size must be (height, width), or one number");
  return std::optional(Size{static_cast<int>(side(0)), static_cast<int>(side(1))});
}

const std::string& into_of(const Params& params) { return params.string(params.is_null("into") ? "column" : "into"); }

Result<Schema> schema_with(const Schema& schema, const std::string& column, std::shared_ptr<arrow::DataType> type) {
  const auto field = arrow::field(column, std::move(type));
  const auto& arrow = *schema.arrow();
  if (!schema.has(column)) return Schema(KLEIN_ARROW(arrow.AddField(arrow.num_fields(), field)));
  return Schema(KLEIN_ARROW(arrow.SetField(KLEIN_TRY(schema.index(column)), field)));
}

Batch batch_with(const Batch& batch, const Schema& schema, const std::string& column,
                 std::shared_ptr<arrow::Array> values) {
  auto columns = batch.columns()->columns();
  const auto place = static_cast<std::size_t>(*schema.index(column));
  columns.resize(static_cast<std::size_t>(schema.columns()));
  columns[place] = std::move(values);
  return batch.with(arrow::RecordBatch::Make(schema.arrow(), batch.rows(), std::move(columns)));
}

void adds_one_column(OperatorKind& kind) {
  kind.one_to_one = [](const Params& params) { return on_error(params) == OnError::raise; };
  kind.required = [](const Params& params, const Columns& wanted) {
    auto needed = wanted;
    needed.erase(into_of(params));
    needed.insert(params.string("column"));
    return needed;
  };
  kind.makes = [](const Params& params) { return Columns{into_of(params)}; };
}

}  // namespace klein
