#include "operators/accumulator_values.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace klein {

namespace {

Result<ArrayPointer> cast(const ArrayPointer& array, const Type& type) {
  if (array->type()->Equals(*type)) return array;
  return KLEIN_ARROW(arrow::compute::Cast(*array, type));
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

/// sum, min and max: one value a group, into which the others go.
template <typename ArrowType>
class Fold final : public Accumulator {
  using Column = Cells<ArrowType>;

 public:
  Fold(How how, std::string column, Type gathered, Type result)
      : how_(how), column_(std::move(column)), gathered_(std::move(gathered)), result_(std::move(result)) {}
  void resize(std::size_t groups) override { cells_.resize(groups); }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    const auto values = KLEIN_TRY(gathered(batch, column_, gathered_));
    for (std::size_t i = 0; i < assigned.rows.size(); ++i)
      KLEIN_TRY(take(static_cast<const typename Column::Array&>(*values), assigned.rows[i], assigned.groups[i]));
    return {};
  }
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    return cast(KLEIN_TRY(cells_.column(groups)), result_);
  }
  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    return SavedColumns{KLEIN_TRY(cells_.column(groups))};
  }
  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    for (std::size_t i = 0; i < groups.size(); ++i)
      KLEIN_TRY(
          take(static_cast<const typename Column::Array&>(*saved.front()), static_cast<std::int64_t>(i), groups[i]));
    return {};
  }
  void clear(const GroupNumbers& groups) override { cells_.clear(groups); }

 private:
  Result<> take(const typename Column::Array& values, std::int64_t row, std::uint32_t group) {
    if (values.IsNull(row)) return {};
    const auto value = Column::value(values, row);
    auto& cell = cells_.values[group];
    auto& has = cells_.has[group];
    if (!has || (how_ == How::min && value < cell) || (how_ == How::max && value > cell)) {
      cell = value;
    } else if (how_ == How::sum) {
      if constexpr (std::is_same_v<typename Column::Cell, double>) {
        cell += value;
      } else if constexpr (!Column::is_text) {
        if (__builtin_add_overflow(cell, value, &cell))
          return Error(
              Code::invalid, "the sum of '" + column_ + "' leaves the 64-bit integers; cast it to float64 before");
      }
    }
    has = 1;
    return {};
  }

  const How how_;
  const std::string column_;
  const Type gathered_, result_;
  Column cells_;
};

/// first and last, by time and then by the source's order, whatever the order in which rows come here.
template <typename ArrowType>
class Edge final : public Accumulator {
  using Column = Cells<ArrowType>;

 public:
  Edge(bool last, std::string column, Type gathered, Type result)
      : last_(last), column_(std::move(column)), gathered_(std::move(gathered)), result_(std::move(result)) {}
  void resize(std::size_t groups) override {
    cells_.resize(groups);
    ranks_.resize(groups);
    seen_.resize(groups, 0);
  }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    const auto values = KLEIN_TRY(gathered(batch, column_, gathered_));
    for (std::size_t i = 0; i < assigned.rows.size(); ++i) {
      const auto row = assigned.rows[i];
      const Rank rank{.time = assigned.times ? (*assigned.times)[static_cast<std::size_t>(row)] : 0,
                      .split = batch.header().split_order,
                      .row = batch.row_number(row)};
      take(static_cast<const typename Column::Array&>(*values), row, rank, assigned.groups[i]);
    }
    return {};
  }
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    return cast(KLEIN_TRY(cells_.column(groups)), result_);
  }
  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    arrow::Int64Builder times, splits, rows;
    arrow::BooleanBuilder seen;
    for (const auto group : groups) {
      KLEIN_ARROW_OK(times.Append(ranks_[group].time));
      KLEIN_ARROW_OK(splits.Append(ranks_[group].split));
      KLEIN_ARROW_OK(rows.Append(ranks_[group].row));
      KLEIN_ARROW_OK(seen.Append(seen_[group] != 0));
    }
    return SavedColumns{KLEIN_TRY(cells_.column(groups)), KLEIN_ARROW(times.Finish()), KLEIN_ARROW(splits.Finish()),
                        KLEIN_ARROW(rows.Finish()), KLEIN_ARROW(seen.Finish())};
  }
  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    const auto number = [&](int column, std::int64_t row) {
      return static_cast<const arrow::Int64Array&>(*saved[static_cast<std::size_t>(column)]).Value(row);
    };
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      if (!static_cast<const arrow::BooleanArray&>(*saved[4]).Value(row)) continue;
      const Rank rank{.time = number(1, row), .split = number(2, row), .row = number(3, row)};
      take(static_cast<const typename Column::Array&>(*saved[0]), row, rank, groups[i]);
    }
    return {};
  }
  void clear(const GroupNumbers& groups) override {
    cells_.clear(groups);
    for (const auto group : groups) seen_[group] = 0;
  }

 private:
  void take(const typename Column::Array& values, std::int64_t row, const Rank& rank, std::uint32_t group) {
    if (seen_[group] && (last_ ? rank < ranks_[group] : rank >= ranks_[group])) return;
    seen_[group] = 1;
    ranks_[group] = rank;
    cells_.has[group] = values.IsValid(row) ? 1 : 0;
    if (values.IsValid(row)) cells_.values[group] = Column::value(values, row);
  }

  const bool last_;
  const std::string column_;
  const Type gathered_, result_;
  Column cells_;
  std::vector<Rank> ranks_;
  std::vector<char> seen_;
};

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

}  // namespace

Result<ArrayPointer> gathered(const Batch& batch, const std::string& column, const Type& type) {
  return cast(batch.columns()->column(KLEIN_TRY(batch.schema().index(column))), type);
}

Result<ArrayPointer> lists(const std::vector<std::int32_t>& ends, const ArrayPointer& values) {
  const auto count = static_cast<std::int64_t>(ends.size());
  const arrow::Int32Array offsets(count, arrow::Buffer::FromVector(ends));
  return KLEIN_ARROW(arrow::ListArray::FromArrays(offsets, *values));
}

std::unique_ptr<Accumulator> make_fold(How how, const std::string& column, const Type& gathered, const Type& result) {
  return typed<Fold>(how, column, gathered, result);
}

std::unique_ptr<Accumulator> make_edge(bool last, const std::string& column, const Type& gathered, const Type& result) {
  return typed<Edge>(last, column, gathered, result);
}

}  // namespace klein
