// approximate_quantile, which is the same in whatever order values come and wherever they are added up.

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <cmath>

#include "base/quantiles.h"
#include "operators/accumulator_values.h"

namespace klein {

namespace {

class Quantile final : public Accumulator {
 public:
  Quantile(std::string column, double share) : column_(std::move(column)), share_(share) {}
  void resize(std::size_t groups) override { of_group_.resize(groups); }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    const auto values = KLEIN_TRY(gathered(batch, column_, arrow::float64()));
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*values);
    for (std::size_t i = 0; i < assigned.rows.size(); ++i) {
      const auto row = assigned.rows[i];
      if (numbers.IsNull(row) || std::isnan(numbers.Value(row))) continue;
      of_group_[assigned.groups[i]].add(numbers.Value(row));
    }
    return {};
  }
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    arrow::DoubleBuilder builder;
    for (const auto group : groups) {
      const auto& own = of_group_[group];
      KLEIN_ARROW_OK(own.count() > 0 ? builder.Append(own.quantile(share_)) : builder.AppendNull());
    }
    return KLEIN_ARROW(builder.Finish());
  }
  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    arrow::Int32Builder all_sizes;
    arrow::Int64Builder all_counts;
    arrow::DoubleBuilder lowest, highest;
    std::vector<std::int32_t> ends = {0};
    for (const auto group : groups) {
      const auto& own = of_group_[group];
      for (const auto& [size, values] : own.sizes()) {
        KLEIN_ARROW_OK(all_sizes.Append(size));
        KLEIN_ARROW_OK(all_counts.Append(values));
      }
      ends.push_back(ends.back() + static_cast<std::int32_t>(own.sizes().size()));
      KLEIN_ARROW_OK(lowest.Append(own.lowest()));
      KLEIN_ARROW_OK(highest.Append(own.highest()));
    }
    return SavedColumns{KLEIN_TRY(lists(ends, KLEIN_ARROW(all_sizes.Finish()))),
                        KLEIN_TRY(lists(ends, KLEIN_ARROW(all_counts.Finish()))), KLEIN_ARROW(lowest.Finish()),
                        KLEIN_ARROW(highest.Finish())};
  }
  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    const auto& of_sizes = static_cast<const arrow::ListArray&>(*saved[0]);
    const auto& all_sizes = static_cast<const arrow::Int32Array&>(*of_sizes.values());
    const auto& all_counts =
        static_cast<const arrow::Int64Array&>(*static_cast<const arrow::ListArray&>(*saved[1]).values());
    const auto& lowest = static_cast<const arrow::DoubleArray&>(*saved[2]);
    const auto& highest = static_cast<const arrow::DoubleArray&>(*saved[3]);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      auto& own = of_group_[groups[i]];
      for (auto at = of_sizes.value_offset(row); at < of_sizes.value_offset(row + 1); ++at)
        own.add_size(all_sizes.Value(at), all_counts.Value(at));
      own.add_bounds(lowest.Value(row), highest.Value(row));
    }
    return {};
  }
  void clear(const GroupNumbers& groups) override {
    for (const auto group : groups) of_group_[group] = {};
  }

 private:
  const std::string column_;
  const double share_;
  std::vector<Quantiles> of_group_;
};

}  // namespace

std::unique_ptr<Accumulator> make_quantile(const std::string& column, double share) {
  return std::make_unique<Quantile>(column, share);
}

}  // namespace klein
