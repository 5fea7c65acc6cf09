// approximate_quantile: how many values there are of each size, the sizes a hundredth apart. So what it gives is at
// most a hundredth from a value that has the rank, in whatever order values come and wherever they are added up.

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "operators/accumulator_values.h"

namespace klein {

namespace {

constexpr double apart = 0.01, growth = (1 + apart) / (1 - apart);
constexpr std::int32_t sizes = 40'000;  // a value's logarithm is less, either way, so that signs don't meet

/// Sizes in the order of their values; 0 is zero, and what a double can hardly tell from it.
std::int32_t size_of(double value) {
  const auto magnitude = std::min(std::abs(value), std::numeric_limits<double>::max());
  if (magnitude < std::numeric_limits<double>::min()) return 0;
  const auto size = sizes + static_cast<std::int32_t>(std::ceil(std::log(magnitude) / std::log(growth)));
  return value < 0 ? -size : size;
}

double value_of(std::int32_t size) {
  if (size == 0) return 0;
  const auto magnitude = 2 * std::pow(growth, std::abs(size) - sizes) / (growth + 1);
  return size < 0 ? -magnitude : magnitude;
}

struct Sizes {
  std::map<std::int32_t, std::int64_t> counts;
  std::int64_t count = 0;
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;

  void add(std::int32_t size, std::int64_t values) {
    counts[size] += values;
    count += values;
  }
  void bound(double low, double high) {
    lowest = std::min(lowest, low);
    highest = std::max(highest, high);
  }
  double quantile(double share) const {
    auto rank = static_cast<std::int64_t>(share * static_cast<double>(count - 1));
    for (const auto& [size, values] : counts) {
      if (rank < values) return std::clamp(value_of(size), lowest, highest);
      rank -= values;
    }
    return highest;
  }
};

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
      auto& own = of_group_[assigned.groups[i]];
      own.add(size_of(numbers.Value(row)), 1);
      own.bound(numbers.Value(row), numbers.Value(row));
    }
    return {};
  }
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    arrow::DoubleBuilder builder;
    for (const auto group : groups) {
      const auto& own = of_group_[group];
      KLEIN_ARROW_OK(own.count > 0 ? builder.Append(own.quantile(share_)) : builder.AppendNull());
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
      for (const auto& [size, values] : own.counts) {
        KLEIN_ARROW_OK(all_sizes.Append(size));
        KLEIN_ARROW_OK(all_counts.Append(values));
      }
      ends.push_back(ends.back() + static_cast<std::int32_t>(own.counts.size()));
      KLEIN_ARROW_OK(lowest.Append(own.lowest));
      KLEIN_ARROW_OK(highest.Append(own.highest));
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
        own.add(all_sizes.Value(at), all_counts.Value(at));
      own.bound(lowest.Value(row), highest.Value(row));
    }
    return {};
  }
  void clear(const GroupNumbers& groups) override {
    for (const auto group : groups) of_group_[group] = {};
  }

 private:
  const std::string column_;
  const double share_;
  std::vector<Sizes> of_group_;
};

}  // namespace

std::unique_ptr<Accumulator> make_quantile(const std::string& column, double share) {
  return std::make_unique<Quantile>(column, share);
}

}  // namespace klein
