#pragma once
// Columns of pictures: a fixed-shape tensor (height, width, channels) of uint8 where all have one size; else a struct
// of `height`, `width` and `pixels`, RGB row by row.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/image.h"
#include "op/registry.h"

namespace arrow {
class Array;
class Buffer;
class DataType;
}  // namespace arrow

namespace klein {

/// What a picture column of one size is.
struct PixelShape {
  Size size;
  int channels = 3;
  std::int64_t bytes() const { return size.pixels() * channels; }
};

std::shared_ptr<arrow::DataType> tensor_type(const PixelShape& shape);
std::shared_ptr<arrow::DataType> any_size_type();
/// Nothing for a type that is no tensor of pictures.
std::optional<PixelShape> tensor_shape(const arrow::DataType& type);
/// The column whose cells lie one behind the other in `pixels`.
std::shared_ptr<arrow::Array> tensor_column(const PixelShape& shape, std::int64_t rows,
                                            std::shared_ptr<arrow::Buffer> pixels);

/// The parameters `size` (one number: a square), `resample` and `into`, which steps on pictures share.
Param size_param(std::string doc, bool required);
Param resample_param();
Param into_param();
Result<std::optional<Size>> size_of(const Params& params);
/// The name of the column that is made.
const std::string& into_of(const Params& params);

/// The schema with a column of `type` in place of the one of that name, or behind the others.
Result<Schema> schema_with(const Schema& schema, const std::string& column, std::shared_ptr<arrow::DataType> type);
/// The rows with that column.
Batch batch_with(const Batch& batch, const Schema& schema, const std::string& column,
                 std::shared_ptr<arrow::Array> values);

/// Sets what the optimiser asks of a kind that makes the column `into` from `column`.
void adds_one_column(OperatorKind& kind);

/// How many bytes of pixels are emitted at a time.
inline constexpr std::int64_t part_bytes = 8 << 20;

}  // namespace klein
