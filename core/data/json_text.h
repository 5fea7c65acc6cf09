#pragma once
// Rows as JSON Lines: an object a row. Times are in ISO 8601, tensors lists within lists; a number that is not finite
// is null.

#include <string>

#include "base/result.h"
#include "data/batch.h"

namespace klein {

/// Refuses columns that JSON has no form for, bytes above all.
Result<> check_json_text(const Schema& schema);

/// Adds a line for each row.
Result<> append_json_lines(const Batch& batch, std::string& lines);

}  // namespace klein
