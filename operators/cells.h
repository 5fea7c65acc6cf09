#pragma once
// Cells — a value a group, of one of the types that aggregates gather in: int64, uint64, float64, bytes. Times are
// gathered as what they count in.

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "operators/accumulator.h"

namespace klein {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using Type = std::shared_ptr<arrow::DataType>;
using GroupNumbers = std::vector<std::uint32_t>;

inline Result<ArrayPointer> cast(const ArrayPointer& array, const Type& type) {
  if (array->type()->Equals(*type)) return array;
  return KLEIN_ARROW(arrow::compute::Cast(*array, type));
}

/// A column of the batch in the type that it is gathered as.
inline Result<ArrayPointer> gathered(const Batch& batch, const std::string& column, const Type& type) {
  return cast(batch.columns()->column(KLEIN_TRY(batch.schema().index(column))), type);
}

template <typename ArrowType>
struct CellOf {
  using type = typename ArrowType::c_type;
};
template <>
struct CellOf<arrow::BinaryType> {
  using type = std::string;
};

template <typename ArrowType>
struct Cells {
  static constexpr bool is_text = std::is_same_v<ArrowType, arrow::BinaryType>;
  using Array = typename arrow::TypeTraits<ArrowType>::ArrayType;
  using Builder = typename arrow::TypeTraits<ArrowType>::BuilderType;
  using Cell = typename CellOf<ArrowType>::type;

  static auto value(const Array& array, std::int64_t row) {
    if constexpr (is_text) {
      return array.GetView(row);
    } else {
      return array.Value(row);
    }
  }

  void resize(std::size_t groups) {
    values.resize(groups);
    has.resize(groups, 0);
  }
  void clear(const GroupNumbers& groups) {
    for (const auto group : groups) values[group] = Cell(), has[group] = 0;
  }
  Result<ArrayPointer> column(const GroupNumbers& groups) const {
    Builder builder;
    KLEIN_ARROW_OK(builder.Reserve(static_cast<std::int64_t>(groups.size())));
    for (const auto group : groups) KLEIN_ARROW_OK(has[group] ? builder.Append(values[group]) : builder.AppendNull());
    return KLEIN_ARROW(builder.Finish());
  }

  std::vector<Cell> values;
  std::vector<char> has;
};

enum class How { sum, min, max };

// Each gathers `column` as `gathered`, one of the four types, and gives results of the type `result`.
std::unique_ptr<Accumulator> make_fold(How how, const std::string& column, const Type& gathered, const Type& result);
/// The value of the row with the lowest or highest rank, null where that row has none.
std::unique_ptr<Accumulator> make_edge(bool last, const std::string& column, const Type& gathered, const Type& result);

/// For a kind of accumulators of one of the four types.
template <template <typename> typename Kind, typename Which>
std::unique_ptr<Accumulator> typed(Which which, const std::string& column, const Type& gathered, const Type& result) {
  switch (gathered->id()) {
    case arrow::Type::INT64: return std::make_unique<Kind<arrow::Int64Type>>(which, column, gathered, result);
    case arrow::Type::UINT64: return std::make_unique<Kind<arrow::UInt64Type>>(which, column, gathered, result);
    case arrow::Type::DOUBLE: return std::make_unique<Kind<arrow::DoubleType>>(which, column, gathered, result);
    default: return std::make_unique<Kind<arrow::BinaryType>>(which, column, gathered, result);
  }
}

}  // namespace klein
