#pragma once
// The accumulators that are not in accumulator.cpp. Values are gathered as int64, uint64, float64 or bytes; times as
// what they count in.

#include "operators/accumulator.h"

namespace klein {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using Type = std::shared_ptr<arrow::DataType>;
using GroupNumbers = std::vector<std::uint32_t>;

/// What values of a type are gathered as, one of the four; null where they can't be.
Type gathered_as(const arrow::DataType& type);
/// A column of the batch in the type that it is gathered as.
Result<ArrayPointer> gathered(const Batch& batch, const std::string& column, const Type& type);
/// Lists of values that lie one after the other; `ends`: 0, then where each list ends.
Result<ArrayPointer> lists(const std::vector<std::int32_t>& ends, const ArrayPointer& values);

enum class How { sum, min, max };

// Each gathers `column` as `gathered`, one of the four types, and gives results of the type `result`.
std::unique_ptr<Accumulator> make_fold(How how, const std::string& column, const Type& gathered, const Type& result);
/// The value of the row with the lowest or highest rank, null where that row has none.
std::unique_ptr<Accumulator> make_edge(bool last, const std::string& column, const Type& gathered, const Type& result);

/// The variance of numbers, or its root; their count less `freedom` is what it is divided by.
std::unique_ptr<Accumulator> make_moments(const std::string& column, bool root, double freedom);
/// The value below which this share of the numbers is, to a hundredth of it.
std::unique_ptr<Accumulator> make_quantile(const std::string& column, double share);
/// How many different values; of types that can be keys.
std::unique_ptr<Accumulator> make_distinct(const std::string& column);

}  // namespace klein
