#pragma once
// Rows as JSON and back, for examples and tests: an array of objects, one a row; a bare value is a row with the one
// column "value". Not a format for data.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"

namespace arrow {
class DataType;
}

namespace klein {

/// `types` names types where values do not tell ("x: int32, pixels: tensor[2, 3] of uint8"): whole numbers are int64,
/// others float64, lists are lists. Columns come in the order of `types`, then as the rows bring them; what a row lacks
/// is null.
Result<Batch> rows_from_json(std::string_view rows, std::string_view types = "");

/// Each row as one line of JSON, in order. Tensors are nested lists; binary is text where it is UTF-8.
Result<std::vector<std::string>> rows_to_json(const std::vector<Batch>& batches);

/// The type that `text` names: int8 to uint64, float32, float64, string, binary, bool, timestamp, date, `list of T`,
/// `tensor[2, 3] of T`.
Result<std::shared_ptr<arrow::DataType>> type_from_text(std::string_view text);

}  // namespace klein
