// resize_image: pictures of one size, or of any, to one size. `area` is Pillow's box filter.

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <algorithm>

#include "op/by_schema.h"
#include "op/dead_letter.h"
#include "pixels.h"

namespace klein {

namespace {

struct Places {
  int from;
  std::optional<PixelShape> shape;  // of the pictures that come; nothing: each says its own
  PixelShape made;
  Schema schema;  // of the output
};

Result<Places> places_of(const Params& params, const Schema& schema) {
  const auto& column = params.string("column");
  const auto type = KLEIN_TRY(schema.type(column));
  const auto shape = tensor_shape(*type);
  if (!shape && !type->Equals(*any_size_type())) {
    return Error(Code::invalid, "resize_image needs a column of pictures, as decode_image makes them; '" + column +
                                    "' is " + text(*type));
  }
  const auto size = KLEIN_TRY(size_of(params));
  if (!size) return Error(Code::invalid, "resize_image needs a size: (height, width)");
  const PixelShape made{.size = *size, .channels = shape ? shape->channels : 3};
  const auto place = KLEIN_TRY(schema.index(column));
  return Places{place, shape, made, KLEIN_TRY(schema_with(schema, into_of(params), tensor_type(made)))};
}

/// A picture as a row holds it.
struct Picture {
  const std::uint8_t* pixels;
  PixelShape shape;
};

Result<Picture> picture_at(const arrow::Array& column, const std::optional<PixelShape>& shape, std::int64_t row) {
  if (column.IsNull(row)) return Error(Code::invalid, "there is no picture to resize: the value is null");
  if (shape) {
    const auto& list =
        static_cast<const arrow::FixedSizeListArray&>(*static_cast<const arrow::ExtensionArray&>(column).storage());
    const auto& values = static_cast<const arrow::UInt8Array&>(*list.values());
    return Picture{values.raw_values() + list.value_offset(row), *shape};
  }
  const auto& fields = static_cast<const arrow::StructArray&>(column);
  const auto number = [&](int field) { return static_cast<const arrow::Int32Array&>(*fields.field(field)).Value(row); };
  const PixelShape own{.size = {number(0), number(1)}};
  const auto pixels = static_cast<const arrow::LargeBinaryArray&>(*fields.field(2)).GetView(row);
  if (static_cast<std::int64_t>(pixels.size()) != own.bytes()) {
    return Error(Code::corrupt, "a picture has another number of pixels than its height and width say");
  }
  return Picture{reinterpret_cast<const std::uint8_t*>(pixels.data()), own};
}

class ResizeImage final : public Operator {
 public:
  ResizeImage(Params params, Resample resample) : params_(std::move(params)), resizer_(resample) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    places_ = KLEIN_TRY(by_schema_.get(batch, [this](const Schema& schema) { return places_of(params_, schema); }));
    input_ = std::move(batch);
    next_ = 0;
    return resume(out);
  }

  Result<Progress> resume(Output& out) override {
    while (next_ < input_->rows()) {
      if (out.full()) return Progress::more;
      KLEIN_TRY(emit_part(out));
    }
    input_.reset();
    return Progress::done;
  }

 private:
  Result<> emit_part(Output& out) {
    const auto first = next_, bytes = places_->made.bytes();
    const auto room = std::min(input_->rows() - first, std::max<std::int64_t>(1, part_bytes / bytes));
    const std::shared_ptr<arrow::Buffer> pixels = KLEIN_ARROW(arrow::AllocateBuffer(room * bytes));
    std::vector<Failure> failures;
    std::vector<std::int64_t> good;
    for (; next_ < first + room; ++next_) {
      auto resized = resize(next_, pixels->mutable_data() + static_cast<std::int64_t>(good.size()) * bytes);
      if (resized.ok()) {
        good.push_back(next_);
        continue;
      }
      failures.push_back({next_, std::move(resized).error()});
    }
    KLEIN_TRY(give_up(*input_, failures, on_error(params_), *context_, out));
    const auto rows = failures.empty() ? input_->slice(first, room) : KLEIN_TRY(input_->pick(good));
    out.emit(batch_with(rows, places_->schema, into_of(params_), tensor_column(places_->made, rows.rows(), pixels)));
    return {};
  }

  Result<> resize(std::int64_t row, std::uint8_t* out) {
    const auto picture = KLEIN_TRY(picture_at(*input_->columns()->column(places_->from), places_->shape, row));
    return resizer_.resize(picture.pixels, picture.shape.size, picture.shape.channels, out, places_->made.size);
  }

  const Params params_;
  ImageResizer resizer_;
  const Context* context_ = nullptr;
  BySchema<Places> by_schema_;
  const Places* places_ = nullptr;
  std::optional<Batch> input_;
  std::int64_t next_ = 0;  // the first row that is not emitted
};

}  // namespace

void register_resize_image(Registry& registry) {
  OperatorKind kind{
      .name = "resize_image",
      .doc = "Resize pictures to one size, with antialiasing.",
      .params = {{.name = "column", .type = ParamType::string, .doc = "The column of pictures."},
                 size_param("(height, width) of every picture; one number is a square.", true),
                 into_param(),
                 resample_param(),
                 on_error_param()},
      .examples = {{.params = R"({"column": "picture", "size": [1, 1]})",
                    .in = R"([{"picture": [[[10], [20]], [[30], [40]]]}, {"picture": [[[7], [7]], [[7], [7]]]}])",
                    .out = R"([{"picture": [[[25]]]}, {"picture": [[[7]]]}])",
                    .types = "picture: tensor[2, 2, 1] of uint8"}},
      .slow = true,
      .ports = {Port::main, Port::errors},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        KLEIN_TRY(size_of(params));
        if (!inputs.front()) return std::optional<Schema>();
        return std::optional(KLEIN_TRY(places_of(params, *inputs.front())).schema);
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<ResizeImage>(params, KLEIN_TRY(to_resample(params.string("resample"))));
      }};
  adds_one_column(kind);
  registry.add(std::move(kind));
}

}  // namespace klein
