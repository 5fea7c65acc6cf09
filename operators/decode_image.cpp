// decode_image: the bytes of JPEG, PNG and WebP files to pictures. Rows are decoded in parts of a few megabytes, since
// a picture is larger than its file.

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <algorithm>

#include "op/by_schema.h"
#include "op/dead_letter.h"
#include "pixels.h"

namespace klein {

namespace {

struct Places {
  int from;       // the column of bytes
  Schema schema;  // of the output
};

std::shared_ptr<arrow::DataType> made_type(const std::optional<Size>& size) {
  return size ? tensor_type({.size = *size}) : any_size_type();
}

Result<Places> columns_of(const Params& params, const Schema& schema) {
  const auto& column = params.string("column");
  const auto type = KLEIN_TRY(schema.type(column));
  if (type->id() != arrow::Type::BINARY && type->id() != arrow::Type::LARGE_BINARY) {
    return Error(Code::invalid, "decode_image needs a column of bytes; '" + column + "' is " + text(*type));
  }
  const auto size = KLEIN_TRY(size_of(params));
  return Places{KLEIN_TRY(schema.index(column)), KLEIN_TRY(schema_with(schema, into_of(params), made_type(size)))};
}

Result<DecodeOptions> options_of(const Params& params) {
  return DecodeOptions{.size = KLEIN_TRY(size_of(params)),
                       .resample = KLEIN_TRY(to_resample(params.string("resample"))),
                       .background = KLEIN_TRY(to_color(params.string("background")))};
}

Result<BytesView> bytes_at(const arrow::Array& column, std::int64_t row) {
  if (column.IsNull(row)) return Error(Code::invalid, "there is no picture to decode: the value is null");
  if (column.type_id() == arrow::Type::BINARY) return static_cast<const arrow::BinaryArray&>(column).GetView(row);
  return static_cast<const arrow::LargeBinaryArray&>(column).GetView(row);
}

/// Takes pictures until they are enough for one part.
class Part {
 public:
  virtual ~Part() = default;
  virtual bool full() const = 0;
  /// One picture more, or an error and none more.
  virtual Result<> add(ImageDecoder& decoder, BytesView bytes) = 0;
  virtual Result<std::shared_ptr<arrow::Array>> finish() = 0;
};

class TensorPart final : public Part {
 public:
  static Result<std::unique_ptr<Part>> make(Size size, std::int64_t rows) {
    const PixelShape shape{.size = size};
    rows = std::min(rows, std::max<std::int64_t>(1, part_bytes / shape.bytes()));
    return std::make_unique<TensorPart>(shape, rows, KLEIN_ARROW(arrow::AllocateBuffer(rows * shape.bytes())));
  }
  TensorPart(PixelShape shape, std::int64_t room, std::shared_ptr<arrow::Buffer> pixels)
      : shape_(shape), room_(room), pixels_(std::move(pixels)) {}

  bool full() const override { return rows_ == room_; }
  Result<> add(ImageDecoder& decoder, BytesView bytes) override {
    KLEIN_TRY(decoder.decode(bytes, pixels_->mutable_data() + rows_ * shape_.bytes()));
    ++rows_;
    return {};
  }
  Result<std::shared_ptr<arrow::Array>> finish() override { return tensor_column(shape_, rows_, std::move(pixels_)); }

 private:
  const PixelShape shape_;
  const std::int64_t room_;
  std::shared_ptr<arrow::Buffer> pixels_;
  std::int64_t rows_ = 0;
};

class AnySizePart final : public Part {
 public:
  bool full() const override { return pixels_.value_data_length() >= part_bytes; }
  Result<> add(ImageDecoder& decoder, BytesView bytes) override {
    const auto image = KLEIN_TRY(decoder.decode(bytes));
    KLEIN_ARROW_OK(height_.Append(image.size.height));
    KLEIN_ARROW_OK(width_.Append(image.size.width));
    KLEIN_ARROW_OK(pixels_.Append(image.pixels.data(), static_cast<std::int64_t>(image.pixels.size())));
    return {};
  }
  Result<std::shared_ptr<arrow::Array>> finish() override {
    const auto rows = height_.length();
    arrow::ArrayVector fields = {
        KLEIN_ARROW(height_.Finish()), KLEIN_ARROW(width_.Finish()), KLEIN_ARROW(pixels_.Finish())};
    return std::make_shared<arrow::StructArray>(any_size_type(), rows, std::move(fields));
  }

 private:
  arrow::Int32Builder height_, width_;
  arrow::LargeBinaryBuilder pixels_;
};

class DecodeImage final : public Operator {
 public:
  DecodeImage(Params params, const DecodeOptions& options) : params_(std::move(params)), decoder_(options) {}

  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }

  Result<Progress> process(int, Batch batch, Output& out) override {
    columns_ = KLEIN_TRY(by_schema_.get(batch, [this](const Schema& schema) { return columns_of(params_, schema); }));
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
    const auto first = next_;
    const auto part = KLEIN_TRY(new_part());
    std::vector<Failure> failures;
    std::vector<std::int64_t> good;
    for (; next_ < input_->rows() && !part->full(); ++next_) {
      auto added = add(*part, next_);
      if (added.ok()) {
        good.push_back(next_);
        continue;
      }
      failures.push_back({next_, std::move(added).error()});
      if (on_error(params_) == OnError::raise) break;  // the first one is enough
    }
    KLEIN_TRY(give_up(*input_, failures, on_error(params_), *context_, out));
    const auto rows = failures.empty() ? input_->slice(first, next_ - first) : KLEIN_TRY(input_->pick(good));
    out.emit(batch_with(rows, columns_->schema, into_of(params_), KLEIN_TRY(part->finish())));
    return {};
  }

  Result<std::unique_ptr<Part>> new_part() const {
    const auto& size = decoder_.options().size;
    if (size) return TensorPart::make(*size, input_->rows() - next_);
    return std::make_unique<AnySizePart>();
  }

  Result<> add(Part& part, std::int64_t row) {
    return part.add(decoder_, KLEIN_TRY(bytes_at(*input_->columns()->column(columns_->from), row)));
  }

  const Params params_;
  ImageDecoder decoder_;
  const Context* context_ = nullptr;
  BySchema<Places> by_schema_;
  const Places* columns_ = nullptr;
  std::optional<Batch> input_;
  std::int64_t next_ = 0;  // the first row that is not emitted
};

/// A resize of what this decodes is done while decoding.
std::optional<Params> merged(const Params& params, const std::string& next_kind, const Params& next) {
  if (next_kind != "resize_image" || !params.is_null("size")) return std::nullopt;
  if (next.string("column") != into_of(params) || into_of(next) != into_of(params)) return std::nullopt;
  return params.with("size", next.value("size")).with("resample", next.value("resample"));
}

}  // namespace

void register_decode_image(Registry& registry) {
  OperatorKind kind{
      .name = "decode_image",
      .doc = "Decode JPEG, PNG and WebP files to RGB pictures, turned as EXIF says and, with a size, resized.",
      .params = {{.name = "column", .type = ParamType::string, .doc = "The column with the files' bytes."},
                 size_param(
                     "(height, width) of every picture, which become one tensor column; left out, each keeps its own "
                     "size and the column is a struct of height, width and pixels.",
                     false),
                 into_param(),
                 resample_param(),
                 {.name = "background",
                  .type = ParamType::string,
                  .doc = "What shows through transparent pixels: \"white\", \"black\" or \"#rrggbb\".",
                  .fallback = Value("white"),
                  .keyword_only = true},
                 on_error_param()},
      .examples = {{.params = R"({"column": "bytes", "size": [2, 2], "on_error": "skip"})",
                    .in = R"([{"id": 1, "bytes": "no picture"}, {"id": 2, "bytes": null}])",
                    .out = "[]",
                    .types = "id: int64, bytes: binary"}},
      .slow = true,
      .ports = {Port::main, Port::errors},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        KLEIN_TRY(options_of(params));
        if (!inputs.front()) return std::optional<Schema>();
        return std::optional(KLEIN_TRY(columns_of(params, *inputs.front())).schema);
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<DecodeImage>(params, KLEIN_TRY(options_of(params)));
      },
      .merge = merged};
  adds_one_column(kind);
  registry.add(std::move(kind));
}

}  // namespace klein
