// sum, min and max: one value a group, into which the others go.

#include "operators/cells.h"

namespace klein {

namespace {

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

}  // namespace

std::unique_ptr<Accumulator> make_fold(How how, const std::string& column, const Type& gathered, const Type& result) {
  return typed<Fold>(how, column, gathered, result);
}

}  // namespace klein
