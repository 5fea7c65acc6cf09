// variance and stddev: how many values, their mean, and the squares of what they are apart from it, so that nothing
// cancels where the mean is large.

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/type.h>

#include <cmath>

#include "operators/accumulator_values.h"

namespace klein {

namespace {

struct Moment {
  std::int64_t count = 0;
  double mean = 0, squares = 0;

  void add(const Moment& other) {
    if (other.count == 0) return;
    const auto all = static_cast<double>(count + other.count), apart = other.mean - mean;
    mean += apart * static_cast<double>(other.count) / all;
    squares += other.squares + apart * apart * static_cast<double>(count) * static_cast<double>(other.count) / all;
    count += other.count;
  }
};

class Moments final : public Accumulator {
 public:
  Moments(std::string column, bool root, double freedom) : column_(std::move(column)), root_(root), freedom_(freedom) {}
  void resize(std::size_t groups) override { moments_.resize(groups); }
  Result<> add(const Batch& batch, const Assigned& assigned) override {
    const auto values = KLEIN_TRY(gathered(batch, column_, arrow::float64()));
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*values);
    for (std::size_t i = 0; i < assigned.rows.size(); ++i) {
      if (numbers.IsNull(assigned.rows[i])) continue;
      moments_[assigned.groups[i]].add({.count = 1, .mean = numbers.Value(assigned.rows[i])});
    }
    return {};
  }
  Result<ArrayPointer> results(const GroupNumbers& groups) const override {
    arrow::DoubleBuilder builder;
    for (const auto group : groups) {
      const auto& moment = moments_[group];
      const auto free = static_cast<double>(moment.count) - freedom_;
      const auto variance = moment.squares / free;
      KLEIN_ARROW_OK(free > 0 ? builder.Append(root_ ? std::sqrt(variance) : variance) : builder.AppendNull());
    }
    return KLEIN_ARROW(builder.Finish());
  }
  Result<SavedColumns> save(const GroupNumbers& groups) const override {
    arrow::Int64Builder counts;
    arrow::DoubleBuilder means, squares;
    for (const auto group : groups) {
      KLEIN_ARROW_OK(counts.Append(moments_[group].count));
      KLEIN_ARROW_OK(means.Append(moments_[group].mean));
      KLEIN_ARROW_OK(squares.Append(moments_[group].squares));
    }
    return SavedColumns{KLEIN_ARROW(counts.Finish()), KLEIN_ARROW(means.Finish()), KLEIN_ARROW(squares.Finish())};
  }
  Result<> load(const SavedColumns& saved, const GroupNumbers& groups) override {
    const auto& counts = static_cast<const arrow::Int64Array&>(*saved[0]);
    const auto& means = static_cast<const arrow::DoubleArray&>(*saved[1]);
    const auto& squares = static_cast<const arrow::DoubleArray&>(*saved[2]);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      moments_[groups[i]].add({counts.Value(row), means.Value(row), squares.Value(row)});
    }
    return {};
  }
  void clear(const GroupNumbers& groups) override {
    for (const auto group : groups) moments_[group] = {};
  }

 private:
  const std::string column_;
  const bool root_;
  const double freedom_;
  std::vector<Moment> moments_;
};

}  // namespace

std::unique_ptr<Accumulator> make_moments(const std::string& column, bool root, double freedom) {
  return std::make_unique<Moments>(column, root, freedom);
}

}  // namespace klein
