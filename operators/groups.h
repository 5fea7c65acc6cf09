#pragma once
// Groups — the aggregates of some keys, and how they become rows: of results, and of state.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "op/time_column.h"
#include "operators/accumulator.h"
#include "state/keys.h"

namespace klein {

/// What is the same for all windows of a step: made from the schema of its input.
struct Shape {
  static Result<std::shared_ptr<const Shape>> make(const Schema& input, const std::vector<std::string>& keys,
                                                   const std::vector<Aggregate>& aggregates,
                                                   const std::optional<std::string>& time);
  Schema input, output;
  KeyCodec keys;
  std::vector<Aggregate> aggregates;
  std::optional<TimeColumn> time;  // of a step with windows
  /// Its results are rows of the input, any number a group.
  bool gives_rows() const { return aggregates.size() == 1 && aggregates.front().many; }
};

/// A group that leaves, with the window that it was gathered in.
struct Entry {
  std::string_view key;
  std::uint32_t group;
  std::int64_t start, end;
  bool fired;
};

class Groups {
 public:
  static Result<Groups> make(const Shape& shape);

  Result<> add(const Batch& batch, const Assigned& assigned, std::size_t groups);
  /// Rows of the step's output.
  Result<Batch> results(const Shape& shape, std::vector<Entry> entries) const;
  /// Rows of the step's state: key group, window, whether it has fired, key, what was gathered.
  Result<Batch> save(const Shape& shape, const std::vector<Entry>& entries) const;
  /// Adds saved groups: row i to `to[i]`, of so many.
  Result<> load(const SavedColumns& saved, const std::vector<std::uint32_t>& to, std::size_t groups);
  /// Group `to` has now seen what `from` had, and `from` nothing.
  Result<> merge(std::uint32_t from, std::uint32_t to);
  void clear(const std::vector<std::uint32_t>& groups);

 private:
  Result<SavedColumns> rows_of(std::vector<Entry>& entries) const;
  Result<SavedColumns> columns_of(const Shape& shape, const std::vector<Entry>& entries) const;

  std::vector<std::unique_ptr<Accumulator>> accumulators_;
};

/// Rows of a state as `Groups::save` wrote them. Errors: they are of other keys or aggregates than the step's.
struct Saved {
  static Result<Saved> read(const Shape& shape, const Batch& rows);
  Keys keys;
  std::vector<std::int64_t> starts, ends;
  std::vector<bool> fired;
  SavedColumns gathered;
};

/// The schema of the input that rows of a state were gathered from.
Result<Schema> input_of(const Batch& state);

}  // namespace klein
