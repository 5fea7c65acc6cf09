// The aggregates: numbers are gathered as int64, uint64 or float64, times as what they count in, texts as bytes; any
// other function of Arrow's over the values themselves, which are kept until then.

#include "operators/accumulator.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/function.h>
#include <arrow/compute/registry.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <functional>
#include <map>

#include "base/text.h"

namespace klein {

namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using Type = std::shared_ptr<arrow::DataType>;
using Groups = std::vector<std::uint32_t>;

Result<ArrayPointer> cast(const ArrayPointer& array, const Type& type) {
  if (array->type()->Equals(*type)) return array;
  return KLEIN_ARROW(arrow::compute::Cast(*array, type));
}

/// What values of a type are gathered as; null where they can't be.
Type gathered_as(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
    case arrow::Type::TIME64:
    case arrow::Type::DATE64: return arrow::int64();
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64: return arrow::uint64();
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE: return arrow::float64();
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return arrow::binary();
    default: return nullptr;
  }
}

bool is_number(const arrow::DataType& type) { return arrow::is_numeric(type.id()); }

/// A column of the batch in the type that it is gathered as.
Result<ArrayPointer> gathered(const Batch& batch, const std::string& column, const Type& type) {
  return cast(batch.columns()->column(KLEIN_TRY(batch.schema().index(column))), type);
}

template <typename ArrowType>
struct Cells {
  static constexpr bool is_text = std::is_same_v<ArrowType, arrow::BinaryType>;
  using Array = typename arrow::TypeTraits<ArrowType>::ArrayType;
  using Builder = typename arrow::TypeTraits<ArrowType>::BuilderType;
  using Cell = std::conditional_t<is_text, std::string, typename ArrowType::c_type>;

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
  Result<ArrayPointer> column(const Groups& groups) const {
    Builder builder;
    KLEIN_ARROW_OK(builder.Reserve(static_cast<std::int64_t>(groups.size())));
    for (const auto group : groups) KLEIN_ARROW_OK(has[group] ? builder.Append(values[group]) : builder.AppendNull());
    return KLEIN_ARROW(builder.Finish());
  }

  std::vector<Cell> values;
  std::vector<char> has;
};

/// count() of rows, or of the values of a column.
class Count final : public Accumulator {
 public:
  explicit Count(std::string column) : column_(std::move(column)) {}
  void resize(std::size_t groups) override { counts_.resize(groups); }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    const auto values =
        column_.empty() ? nullptr : batch.columns()->column(KLEIN_TRY(batch.schema().index(column_)));
    const bool all = !values || values->null_count() == 0;
    for (std::size_t i = 0; i < assigned.rows.size(); ++i)
      counts_[assigned.groups[i]] += all || values->IsValid(assigned.rows[i]) ? 1 : 0;
    return {};
  }
  Result<ArrayPointer> results(const Groups& groups) const override {
    arrow::Int64Builder builder;
    for (const auto group : groups) KLEIN_ARROW_OK(builder.Append(counts_[group]));
    return KLEIN_ARROW(builder.Finish());
  }
  Result<SavedColumns> save(const Groups& groups) const override { return SavedColumns{KLEIN_TRY(results(groups))}; }
  Result<> load(const SavedColumns& saved, const Groups& groups) override {
    const auto& counts = static_cast<const arrow::Int64Array&>(*saved.front());
    for (std::size_t i = 0; i < groups.size(); ++i) counts_[groups[i]] += counts.Value(static_cast<std::int64_t>(i));
    return {};
  }
  int saved_columns() const override { return 1; }

 private:
  const std::string column_;
  std::vector<std::int64_t> counts_;
};

enum class How { sum, min, max };

/// One value a group, into which others go: sum, min, max.
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
  Result<ArrayPointer> results(const Groups& groups) const override {
    return cast(KLEIN_TRY(cells_.column(groups)), result_);
  }
  Result<SavedColumns> save(const Groups& groups) const override {
    return SavedColumns{KLEIN_TRY(cells_.column(groups))};
  }
  Result<> load(const SavedColumns& saved, const Groups& groups) override {
    for (std::size_t i = 0; i < groups.size(); ++i)
      KLEIN_TRY(take(static_cast<const typename Column::Array&>(*saved.front()), static_cast<std::int64_t>(i), groups[i]));
    return {};
  }
  int saved_columns() const override { return 1; }

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
          return Error(Code::invalid, "the sum of '" + column_ + "' leaves the 64-bit integers; cast it to float64 before");
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

class Mean final : public Accumulator {
 public:
  explicit Mean(std::string column) : column_(std::move(column)) {}
  void resize(std::size_t groups) override {
    sums_.resize(groups);
    counts_.resize(groups);
  }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    const auto values = KLEIN_TRY(gathered(batch, column_, arrow::float64()));
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*values);
    for (std::size_t i = 0; i < assigned.rows.size(); ++i) {
      if (numbers.IsNull(assigned.rows[i])) continue;
      sums_[assigned.groups[i]] += numbers.Value(assigned.rows[i]);
      ++counts_[assigned.groups[i]];
    }
    return {};
  }
  Result<ArrayPointer> results(const Groups& groups) const override {
    arrow::DoubleBuilder builder;
    for (const auto group : groups) {
      const auto count = static_cast<double>(counts_[group]);
      KLEIN_ARROW_OK(count > 0 ? builder.Append(sums_[group] / count) : builder.AppendNull());
    }
    return KLEIN_ARROW(builder.Finish());
  }
  Result<SavedColumns> save(const Groups& groups) const override {
    arrow::DoubleBuilder sums;
    arrow::Int64Builder counts;
    for (const auto group : groups) {
      KLEIN_ARROW_OK(sums.Append(sums_[group]));
      KLEIN_ARROW_OK(counts.Append(counts_[group]));
    }
    return SavedColumns{KLEIN_ARROW(sums.Finish()), KLEIN_ARROW(counts.Finish())};
  }
  Result<> load(const SavedColumns& saved, const Groups& groups) override {
    const auto& sums = static_cast<const arrow::DoubleArray&>(*saved[0]);
    const auto& counts = static_cast<const arrow::Int64Array&>(*saved[1]);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      sums_[groups[i]] += sums.Value(static_cast<std::int64_t>(i));
      counts_[groups[i]] += counts.Value(static_cast<std::int64_t>(i));
    }
    return {};
  }
  int saved_columns() const override { return 2; }

 private:
  const std::string column_;
  std::vector<double> sums_;
  std::vector<std::int64_t> counts_;
};

/// first, last: the value of the row with the lowest or highest rank, null where that row has none.
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
  Result<ArrayPointer> results(const Groups& groups) const override {
    return cast(KLEIN_TRY(cells_.column(groups)), result_);
  }
  Result<SavedColumns> save(const Groups& groups) const override {
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
  Result<> load(const SavedColumns& saved, const Groups& groups) override {
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
  int saved_columns() const override { return 5; }

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

/// Any aggregate of Arrow's: the values are kept, and it is asked at the end.
class Kept final : public Accumulator {
 public:
  Kept(std::string function, std::string column, Type result)
      : function_(std::move(function)), column_(std::move(column)), result_(std::move(result)) {}
  void resize(std::size_t groups) override { at_.resize(groups); }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    return keep(batch.columns()->column(KLEIN_TRY(batch.schema().index(column_))), assigned.rows, assigned.groups);
  }
  Result<ArrayPointer> results(const Groups& groups) const override {
    arrow::ArrayVector all;
    for (const auto group : groups) {
      const auto result =
          KLEIN_ARROW(arrow::compute::CallFunction(function_, {arrow::Datum(KLEIN_TRY(values(group)))}));
      all.push_back(KLEIN_ARROW(arrow::MakeArrayFromScalar(*result.scalar(), 1)));
    }
    if (all.empty()) return KLEIN_ARROW(arrow::MakeEmptyArray(result_));
    return KLEIN_ARROW(arrow::Concatenate(all));
  }
  Result<SavedColumns> save(const Groups& groups) const override {
    arrow::ArrayVector all;
    std::vector<std::int32_t> ends = {0};
    for (const auto group : groups) {
      all.push_back(KLEIN_TRY(values(group)));
      ends.push_back(ends.back() + static_cast<std::int32_t>(all.back()->length()));
    }
    const auto type = chunks_.empty() ? arrow::null() : chunks_.front()->type();
    const auto flat = all.empty() ? KLEIN_ARROW(arrow::MakeEmptyArray(type)) : KLEIN_ARROW(arrow::Concatenate(all));
    const arrow::Int32Array offsets(static_cast<std::int64_t>(ends.size()), arrow::Buffer::FromVector(std::move(ends)));
    return SavedColumns{KLEIN_ARROW(arrow::ListArray::FromArrays(offsets, *flat))};
  }
  Result<> load(const SavedColumns& saved, const Groups& groups) override {
    const auto& lists = static_cast<const arrow::ListArray&>(*saved.front());
    std::vector<std::int64_t> rows;
    Groups of;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      for (auto at = lists.value_offset(row); at < lists.value_offset(row + 1); ++at) {
        rows.push_back(at);
        of.push_back(groups[i]);
      }
    }
    return rows.empty() ? Result<>() : keep(lists.values(), rows, of);
  }
  int saved_columns() const override { return 1; }

 private:
  struct At {
    std::uint32_t chunk;
    std::int64_t row;
  };
  Result<> keep(const ArrayPointer& values, const std::vector<std::int64_t>& rows, const Groups& groups) {
    chunks_.push_back(values);
    for (std::size_t i = 0; i < rows.size(); ++i)
      at_[groups[i]].push_back({static_cast<std::uint32_t>(chunks_.size() - 1), rows[i]});
    return {};
  }
  Result<ArrayPointer> values(std::uint32_t group) const {
    arrow::ArrayVector single;
    for (const auto& at : at_[group]) single.push_back(chunks_[at.chunk]->Slice(at.row, 1));
    if (single.empty()) return KLEIN_ARROW(arrow::MakeEmptyArray(chunks_.empty() ? arrow::null() : chunks_.front()->type()));
    return KLEIN_ARROW(arrow::Concatenate(single));
  }

  const std::string function_, column_;
  const Type result_;
  arrow::ArrayVector chunks_;
  std::vector<std::vector<At>> at_;
};

template <template <typename> typename Kind, typename How_>
std::unique_ptr<Accumulator> typed(How_ how, const std::string& column, const Type& gathered, const Type& result) {
  switch (gathered->id()) {
    case arrow::Type::INT64: return std::make_unique<Kind<arrow::Int64Type>>(how, column, gathered, result);
    case arrow::Type::UINT64: return std::make_unique<Kind<arrow::UInt64Type>>(how, column, gathered, result);
    case arrow::Type::DOUBLE: return std::make_unique<Kind<arrow::DoubleType>>(how, column, gathered, result);
    default: return std::make_unique<Kind<arrow::BinaryType>>(how, column, gathered, result);
  }
}

const std::map<std::string, How> folds = {{"sum", How::sum}, {"min", How::min}, {"max", How::max}};

bool is_arrow_aggregate(const std::string& function) {
  const auto found = arrow::compute::GetFunctionRegistry()->GetFunction(function);
  return found.ok() && (*found)->kind() == arrow::compute::Function::SCALAR_AGGREGATE && (*found)->arity().num_args == 1;
}

Error not_for(const Aggregate& aggregate, const arrow::DataType& type) {
  return Error(Code::invalid, "there is no " + aggregate.function + " of '" + aggregate.column + "', which is " + text(type));
}

}  // namespace

Result<Aggregate> Aggregate::parse(const std::string& name, const std::string& text) {
  const auto open = text.find('(');
  if (open == std::string::npos || text.back() != ')') {
    return Error(Code::invalid, "the aggregate '" + name + "' is a function of a column, such as max(price), not '" + text + "'");
  }
  Aggregate made{.name = name, .function = text.substr(0, open), .column = text.substr(open + 1, text.size() - open - 2)};
  static const std::vector<std::string> known = {"count", "sum", "min", "max", "mean", "first", "last", "stddev", "variance", "count_distinct"};
  const bool own = std::find(known.begin(), known.begin() + 7, made.function) != known.begin() + 7;
  if (!own && !is_arrow_aggregate(made.function))
    return Error(Code::invalid, "there is no aggregate '" + made.function + "'." + suggestion(made.function, known));
  if (made.column.empty() && made.function != "count")
    return Error(Code::invalid, "the aggregate '" + name + "' names no column: " + text);
  return made;
}

Result<Type> Aggregate::type(const Schema& input) const {
  if (function == "count") {
    if (!column.empty()) KLEIN_TRY(input.index(column));
    return arrow::int64();
  }
  auto of = KLEIN_TRY(input.type(column));
  const auto gathered = gathered_as(*of);
  if (function == "mean") return is_number(*of) ? Result<Type>(arrow::float64()) : not_for(*this, *of);
  if (function == "sum") return is_number(*of) && gathered ? Result<Type>(gathered) : not_for(*this, *of);
  if (folds.contains(function) || function == "first" || function == "last")
    return gathered ? Result<Type>(of) : not_for(*this, *of);
  const auto empty = KLEIN_ARROW(arrow::MakeEmptyArray(of));
  const auto result = arrow::compute::CallFunction(function, {arrow::Datum(empty)});
  return result.ok() ? Result<Type>(result->type()) : not_for(*this, *of);
}

Result<std::unique_ptr<Accumulator>> Aggregate::make(const Schema& input) const {
  auto result = KLEIN_TRY(type(input));
  if (function == "count") return std::make_unique<Count>(column);
  if (function == "mean") return std::make_unique<Mean>(column);
  const auto gathered = gathered_as(*KLEIN_TRY(input.type(column)));
  if (const auto fold = folds.find(function); fold != folds.end()) return typed<Fold>(fold->second, column, gathered, result);
  if (function == "first" || function == "last") return typed<Edge>(function == "last", column, gathered, result);
  return std::make_unique<Kept>(function, column, std::move(result));
}

}  // namespace klein
