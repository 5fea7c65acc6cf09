// The aggregates by their names, and three of them: count, mean, and any of Arrow's over the values themselves, which
// are kept until then.

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/function.h>
#include <arrow/compute/registry.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "base/text.h"
#include "data/compute.h"
#include "operators/accumulator_values.h"
#include "state/keys.h"

namespace klein {

namespace {

bool is_number(const arrow::DataType& type) { return arrow::is_numeric(type.id()); }

/// count() of rows, or of the values of a column.
class Count final : public Accumulator {
 public:
  explicit Count(std::string column) : column_(std::move(column)) {}
  void resize(std::size_t groups) override { counts_.resize(groups); }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    const auto values = column_.empty() ? nullptr : batch.columns()->column(KLEIN_TRY(batch.schema().index(column_)));
    const bool all = !values || values->null_count() == 0;
    for (std::size_t i = 0; i < assigned.rows.size(); ++i)
      counts_[assigned.groups[i]] += all || values->IsValid(assigned.rows[i]) ? 1 : 0;
    return {};
  }
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    arrow::Int64Builder builder;
    for (const auto group : groups) KLEIN_ARROW_OK(builder.Append(counts_[group]));
    return KLEIN_ARROW(builder.Finish());
  }
  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    return SavedColumns{KLEIN_TRY(results(groups))};
  }
  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    const auto& counts = static_cast<const arrow::Int64Array&>(*saved.front());
    for (std::size_t i = 0; i < groups.size(); ++i) counts_[groups[i]] += counts.Value(static_cast<std::int64_t>(i));
    return {};
  }
  void clear(const GroupNumbers& groups) override {
    for (const auto group : groups) counts_[group] = 0;
  }

 private:
  const std::string column_;
  std::vector<std::int64_t> counts_;
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
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    arrow::DoubleBuilder builder;
    for (const auto group : groups) {
      const auto count = static_cast<double>(counts_[group]);
      KLEIN_ARROW_OK(count > 0 ? builder.Append(sums_[group] / count) : builder.AppendNull());
    }
    return KLEIN_ARROW(builder.Finish());
  }
  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    arrow::DoubleBuilder sums;
    arrow::Int64Builder counts;
    for (const auto group : groups) {
      KLEIN_ARROW_OK(sums.Append(sums_[group]));
      KLEIN_ARROW_OK(counts.Append(counts_[group]));
    }
    return SavedColumns{KLEIN_ARROW(sums.Finish()), KLEIN_ARROW(counts.Finish())};
  }
  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    const auto& sums = static_cast<const arrow::DoubleArray&>(*saved[0]);
    const auto& counts = static_cast<const arrow::Int64Array&>(*saved[1]);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      sums_[groups[i]] += sums.Value(static_cast<std::int64_t>(i));
      counts_[groups[i]] += counts.Value(static_cast<std::int64_t>(i));
    }
    return {};
  }
  void clear(const GroupNumbers& groups) override {
    for (const auto group : groups) sums_[group] = 0, counts_[group] = 0;
  }

 private:
  const std::string column_;
  std::vector<double> sums_;
  std::vector<std::int64_t> counts_;
};

/// Any aggregate of Arrow's: the values are kept, and it is asked at the end.
class Kept final : public Accumulator {
 public:
  Kept(const Aggregate& aggregate, Type input, Type result)
      : function_(aggregate.function),
        column_(aggregate.column),
        input_(std::move(input)),
        result_(std::move(result)) {}
  void resize(std::size_t groups) override { at_.resize(groups); }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    return keep(batch.columns()->column(KLEIN_TRY(batch.schema().index(column_))), assigned.rows, assigned.groups);
  }
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    arrow::ArrayVector all;
    for (const auto group : groups) {
      const auto result =
          KLEIN_ARROW(arrow::compute::CallFunction(function_, {arrow::Datum(KLEIN_TRY(values(group)))}));
      all.push_back(KLEIN_ARROW(arrow::MakeArrayFromScalar(*result.scalar(), 1)));
    }
    if (all.empty()) return KLEIN_ARROW(arrow::MakeEmptyArray(result_));
    return KLEIN_ARROW(arrow::Concatenate(all));
  }
  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    arrow::ArrayVector all;
    std::vector<std::int32_t> ends = {0};
    for (const auto group : groups) {
      all.push_back(KLEIN_TRY(values(group)));
      ends.push_back(ends.back() + static_cast<std::int32_t>(all.back()->length()));
    }
    const auto flat = all.empty() ? KLEIN_ARROW(arrow::MakeEmptyArray(input_)) : KLEIN_ARROW(arrow::Concatenate(all));
    return SavedColumns{KLEIN_TRY(lists(ends, flat))};
  }
  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    const auto& lists = static_cast<const arrow::ListArray&>(*saved.front());
    std::vector<std::int64_t> rows;
    GroupNumbers of;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      for (auto at = lists.value_offset(row); at < lists.value_offset(row + 1); ++at) {
        rows.push_back(at);
        of.push_back(groups[i]);
      }
    }
    return rows.empty() ? Result<>() : keep(lists.values(), rows, of);
  }
  void clear(const GroupNumbers& groups) override {
    for (const auto group : groups) at_[group].clear();
    if (std::all_of(at_.begin(), at_.end(), [](const auto& of_group) { return of_group.empty(); })) chunks_.clear();
  }

 private:
  struct At {
    std::uint32_t chunk;
    std::int64_t row;
  };
  Result<> keep(const ArrayPointer& values, const std::vector<std::int64_t>& rows, const GroupNumbers& groups) {
    chunks_.push_back(values);
    for (std::size_t i = 0; i < rows.size(); ++i)
      at_[groups[i]].push_back({static_cast<std::uint32_t>(chunks_.size() - 1), rows[i]});
    return {};
  }
  Result<ArrayPointer> values(std::uint32_t group) const {
    arrow::ArrayVector single;
    for (const auto& at : at_[group]) single.push_back(chunks_[at.chunk]->Slice(at.row, 1));
    if (single.empty()) return KLEIN_ARROW(arrow::MakeEmptyArray(input_));
    return KLEIN_ARROW(arrow::Concatenate(single));
  }

  const std::string function_, column_;
  const Type input_, result_;
  arrow::ArrayVector chunks_;
  std::vector<std::vector<At>> at_;
};

const std::map<std::string, How> folds = {
    {"sum", How::sum}, {"min", How::min}, {"max", How::max}, {"any", How::max}, {"all", How::min}};

/// Those of our own, and what they take beside the column; the others are Arrow's, over values that are kept.
const std::map<std::string, std::size_t> own_functions = {
    {"count", 0},
    {"sum", 0},
    {"min", 0},
    {"max", 0},
    {"mean", 0},
    {"first", 0},
    {"last", 0},
    {"any", 0},
    {"all", 0},
    {"variance", 1},
    {"stddev", 1},
    {"count_distinct", 0},
    {"approximate_quantile", 1}};

bool is_arrow_aggregate(const std::string& function) {
  initialize_compute();
  const auto found = arrow::compute::GetFunctionRegistry()->GetFunction(function);
  return found.ok() && (*found)->kind() == arrow::compute::Function::SCALAR_AGGREGATE &&
         (*found)->arity().num_args == 1;
}

Error not_for(const Aggregate& aggregate, const arrow::DataType& type) {
  return Error(
      Code::invalid, "there is no " + aggregate.function + " of '" + aggregate.column + "', which is " + text(type));
}

Result<> check_function(const Aggregate& made, const std::string& text) {
  const auto own = own_functions.find(made.function);
  if (own == own_functions.end() && !is_arrow_aggregate(made.function)) {
    std::vector<std::string> names;
    for (const auto& [name, arguments] : own_functions) names.push_back(name);
    return Error(Code::invalid, "there is no aggregate '" + made.function + "': there are " + join(names) +
                                    " and the aggregates of pyarrow.compute");
  }
  if (made.column.empty() && made.function != "count")
    return Error(Code::invalid, "the aggregate '" + made.name + "' names no column: " + text);
  if (made.arguments.size() > (own == own_functions.end() ? 0 : own->second))
    return Error(Code::invalid, "the aggregate '" + made.name + "' takes no such argument: " + text);
  if (made.function != "approximate_quantile") return {};
  if (made.arguments.empty() || !(made.arguments[0] >= 0 && made.arguments[0] <= 1))
    return Error(Code::invalid,
                 "approximate_quantile takes the share of values that are lower, from 0 to 1, such as "
                 "approximate_quantile(price, 0.99), not '" +
                     text + "'");
  return {};
}

/// Of values that are numbers, or true and false; nothing: Arrow says.
std::optional<Type> own_type(const std::string& function, const Type& of) {
  const auto gathered = gathered_as(*of);
  if (function == "count_distinct") return arrow::int64();
  if (function == "any" || function == "all") return of->id() == arrow::Type::BOOL ? of : nullptr;
  if (function == "sum") return is_number(*of) ? gathered : nullptr;
  if (folds.contains(function) || function == "first" || function == "last") return gathered ? of : nullptr;
  if (own_functions.contains(function)) return is_number(*of) ? arrow::float64() : nullptr;
  return std::nullopt;
}

bool can_be_key(const Schema& input, const std::string& column) { return KeyCodec::make(input, {column}).ok(); }

}  // namespace

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

Result<Aggregate> Aggregate::parse(const std::string& name, const std::string& text) {
  const auto open = text.find('('), comma = text.find(',');
  if (open == std::string::npos || text.back() != ')') {
    return Error(Code::invalid,
                 "the aggregate '" + name + "' is a function of a column, such as max(price), not '" + text + "'");
  }
  Aggregate made{.name = name, .function = text.substr(0, open)};
  const bool takes_more = own_functions.contains(made.function) && own_functions.at(made.function) > 0;
  const auto end = takes_more && comma != std::string::npos ? comma : text.size() - 1;
  made.column = text.substr(open + 1, end - open - 1);
  if (end == comma) {
    char* after = nullptr;
    made.arguments.push_back(std::strtod(text.c_str() + comma + 1, &after));
    if (after != text.c_str() + text.size() - 1)
      return Error(Code::invalid, "the aggregate '" + name + "' takes a number after the column: " + text);
  }
  KLEIN_TRY(check_function(made, text));
  return made;
}

std::string Aggregate::text() const {
  std::string all = function + "(" + column;
  for (const auto argument : arguments) all += ", " + to_json(argument);
  return own ? own->text() : all + ")";
}

std::vector<std::string> Aggregate::columns() const {
  if (own) return own->columns();
  return column.empty() ? std::vector<std::string>() : std::vector{column};
}

bool Aggregate::bounded() const { return own || own_functions.contains(function); }

Result<Type> Aggregate::type(const Schema& input) const {
  if (own) return own->type(input);
  if (function == "count") {
    if (!column.empty()) KLEIN_TRY(input.index(column));
    return arrow::int64();
  }
  auto of = KLEIN_TRY(input.type(column));
  if (const auto known = own_type(function, of)) return *known ? Result<Type>(*known) : not_for(*this, *of);
  const auto empty = KLEIN_ARROW(arrow::MakeEmptyArray(of));
  const auto result = arrow::compute::CallFunction(function, {arrow::Datum(empty)});
  return result.ok() ? Result<Type>(result->type()) : not_for(*this, *of);
}

Result<std::unique_ptr<Accumulator>> Aggregate::make(const Schema& input) const {
  if (own) return own->make(input);
  auto result = KLEIN_TRY(type(input));
  if (function == "count") return std::make_unique<Count>(column);
  if (function == "mean") return std::make_unique<Mean>(column);
  if (function == "variance" || function == "stddev")
    return make_moments(column, function == "stddev", arguments.empty() ? 0 : arguments[0]);
  if (function == "approximate_quantile") return make_quantile(column, arguments[0]);
  if (function == "count_distinct" && can_be_key(input, column)) return make_distinct(column);
  const auto gathered = gathered_as(*KLEIN_TRY(input.type(column)));
  if (const auto fold = folds.find(function); fold != folds.end())
    return make_fold(fold->second, column, gathered, result);
  if (function == "first" || function == "last") return make_edge(function == "last", column, gathered, result);
  return std::make_unique<Kept>(*this, KLEIN_TRY(input.type(column)), std::move(result));
}

}  // namespace klein
