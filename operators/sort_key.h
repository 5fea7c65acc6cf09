#pragma once
// SortKey — the values of a row's columns as bytes that compare as the rows do: numbers and times by size, texts by
// their bytes, not-a-number behind all numbers, null behind all values, whichever way round the others are.

#include <string>
#include <vector>

#include "data/batch.h"

namespace klein {

class SortKey {
 public:
  /// Errors: an unknown column, or one whose values have no order.
  static Result<SortKey> make(const Schema& schema, const std::vector<std::string>& columns, bool descending);
  /// One a row; the batch has the schema's columns, in any place.
  Result<std::vector<std::string>> encode(const Batch& batch) const;

 private:
  std::vector<std::string> columns_;
  bool descending_ = false;
};

}  // namespace klein
