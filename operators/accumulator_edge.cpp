// first and last: the value of the row that came first or last, by time and then by the source's order, whatever the
// order in which rows come here.

#include "operators/cells.h"

namespace klein {

namespace {

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

}  // namespace

std::unique_ptr<Accumulator> make_edge(bool last, const std::string& column, const Type& gathered, const Type& result) {
  return typed<Edge>(last, column, gathered, result);
}

}  // namespace klein
