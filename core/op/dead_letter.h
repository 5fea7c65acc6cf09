#pragma once
// What happens to rows that a step can't take: `on_error` = "raise" ends the job with the row named, "skip" drops the
// row and counts it, "dead_letter" sends it to the errors port with what went wrong.

#include <functional>
#include <string>
#include <vector>

#include "op/operator.h"
#include "op/params.h"

namespace klein {

enum class OnError { raise, skip, dead_letter };

/// The parameter that every kind with `on_error` declares.
Param on_error_param();
OnError on_error(const Params& params);

/// A row that failed and why.
struct Failure {
  std::int64_t row;  // of the batch
  Error error;
};

/// Deals with `failures` of `batch` as `mode` says: raise returns the first one's error with its row named; otherwise
/// they are counted, and with dead_letter emitted on the errors port: the batch's columns, then `error`, `error_code`,
/// `error_step` and `error_row` (strings).
Result<> give_up(const Batch& batch, const std::vector<Failure>& failures, OnError mode, const Context& context,
                 Output& out);

/// The schema of the errors port.
Schema dead_letter_schema(const Schema& input);

}  // namespace klein
