#pragma once
// Accumulators that keep a value a group, gathered as int64, uint64, float64 or bytes; times as what they count in.

#include "operators/accumulator.h"

namespace klein {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using Type = std::shared_ptr<arrow::DataType>;
using GroupNumbers = std::vector<std::uint32_t>;

/// A column of the batch in the type that it is gathered as.
Result<ArrayPointer> gathered(const Batch& batch, const std::string& column, const Type& type);

enum class How { sum, min, max };

// Each gathers `column` as `gathered`, one of the four types, and gives results of the type `result`.
std::unique_ptr<Accumulator> make_fold(How how, const std::string& column, const Type& gathered, const Type& result);
/// The value of the row with the lowest or highest rank, null where that row has none.
std::unique_ptr<Accumulator> make_edge(bool last, const std::string& column, const Type& gathered, const Type& result);

}  // namespace klein
