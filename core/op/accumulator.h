#pragma once
// Accumulator — one aggregate of many groups at once, a group a number. What it has gathered can be saved as columns,
// a row a group, and added to another one's: that is how windows merge and how state is restored.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "op/function.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace klein {

using SavedColumns = std::vector<std::shared_ptr<arrow::Array>>;

/// Which came first: by the time of the event, then by the source's order.
struct Rank {
  std::int64_t time = 0, split = 0, row = 0;
  auto operator<=>(const Rank&) const = default;
};

/// Rows of a batch, and the group of each.
struct Assigned {
  std::vector<std::int64_t> rows;
  std::vector<std::uint32_t> groups;
  const std::vector<std::int64_t>* times = nullptr;  // of all rows of the batch; null where there is no time
};

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  /// Room for so many groups; those that are new have seen nothing.
  virtual void resize(std::size_t groups) = 0;
  virtual Result<> add(const Batch& batch, const Assigned& assigned) = 0;
  /// The results of some groups, in that order.
  virtual Result<std::shared_ptr<arrow::Array>> results(const std::vector<std::uint32_t>& groups) const = 0;
  virtual Result<SavedColumns> save(const std::vector<std::uint32_t>& groups) const = 0;
  /// Adds what was saved: row i to `groups[i]`.
  virtual Result<> load(const SavedColumns& saved, const std::vector<std::uint32_t>& groups) = 0;
  /// These groups have seen nothing again.
  virtual void clear(const std::vector<std::uint32_t>& groups) = 0;
};

/// An aggregate of the user's own, as a step sees it: a recipe; each window's groups have an accumulator of it. `text`
/// says what it is, in plans and in states: a state of another text is refused.
class AggregateFunction : public Object {
 public:
  /// The input's columns that it reads; errors of the others below where one is missing.
  virtual std::vector<std::string> columns() const = 0;
  /// The type of its results. Of a function whose result is a row, a struct of what the row's columns are.
  virtual Result<std::shared_ptr<arrow::DataType>> type(const Schema& input) const = 0;
  virtual Result<std::unique_ptr<Accumulator>> make(const Schema& input) const = 0;
};

}  // namespace klein
