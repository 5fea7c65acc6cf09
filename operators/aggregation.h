#pragma once
// Aggregation — what the rows of a key come to, over all rows or in each window of event time: the step behind
// aggregate and reduce.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "op/operator.h"
#include "op/params.h"
#include "operators/groups.h"
#include "operators/window.h"

namespace klein {

struct Aggregation {
  std::vector<std::string> keys;
  std::vector<Aggregate> aggregates;
  std::optional<Window> window;
  std::optional<std::string> time;
  std::int64_t lateness = 0;         // nanoseconds, as the others
  std::int64_t early = 0, late = 0;  // how often results are given out; 0: not before the end, with each late row

  /// Keys, window and when results are given out: what both kinds take.
  static std::vector<Param> params();
  /// All but the aggregates. Errors: a window without a time, one that is none, a duration that is none.
  static Result<Aggregation> of(const Params& params);

  Result<std::shared_ptr<const Shape>> shape(const Schema& input) const;
  Result<std::optional<Schema>> schema(const std::optional<Schema>& input) const;
  std::unique_ptr<Operator> make() const;
};

}  // namespace klein
