#pragma once
// The events of Nexmark, an auction house: of 50, the first is a new person, three are new auctions, 46 are bids. Every
// value is made from the seed and the event's number alone, so rows are the same whoever makes which of them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"

namespace arrow {
class RecordBatch;
}  // namespace arrow

namespace klein {

enum class NexmarkKind { person, auction, bid };

struct NexmarkRecipe {
  NexmarkKind kind = NexmarkKind::bid;
  std::uint64_t seed = 0;
  std::int64_t per_second = 10'000;  // events a second, by their own time
  std::int64_t out_of_order = 1;     // so many neighbours have their times mixed up
};

/// The number of the event that is the kind's row `row`; all count from 0.
std::int64_t nexmark_event(NexmarkKind kind, std::int64_t row);

/// How many of the first `events` are of the kind.
std::int64_t nexmark_rows(NexmarkKind kind, std::int64_t events);

struct NexmarkColumn;

/// Makes rows of one kind, just these columns of them. A value; any thread may call it.
class NexmarkRows {
 public:
  /// All columns of the kind, or those named, in that order. Errors: there is no such column.
  static Result<NexmarkRows> make(NexmarkRecipe recipe, const std::optional<std::vector<std::string>>& columns);

  const Schema& schema() const { return schema_; }
  /// About how large a row is.
  std::int64_t bytes_a_row() const;
  /// The kind's rows `first`, `first + step` and so on.
  Result<std::shared_ptr<arrow::RecordBatch>> rows(std::int64_t first, std::int64_t step, std::int64_t count) const;

 private:
  NexmarkRecipe recipe_;
  std::vector<const NexmarkColumn*> columns_;
  Schema schema_;
};

}  // namespace klein
