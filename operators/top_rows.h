#pragma once
// TopRows — of each group the first rows in an order: whole rows, as a list of them a group.

#include <memory>
#include <string>
#include <vector>

#include "op/accumulator.h"

namespace klein {

struct Order {
  std::vector<std::string> by;
  bool descending = true;
  bool latest_first = false;  // of rows that are equal by it: the later in their source's order first
};

class TopRows final : public AggregateFunction {
 public:
  /// `rank`: the name of a column that says a row's place, from 1 on; empty: there is none.
  TopRows(std::int64_t count, Order order, std::string rank);
  std::string text() const override;
  std::vector<std::string> columns() const override { return order_.by; }
  Result<std::shared_ptr<arrow::DataType>> type(const Schema& input) const override;
  Result<std::unique_ptr<Accumulator>> make(const Schema& input) const override;

 private:
  const std::int64_t count_;
  const Order order_;
  const std::string rank_;
};

}  // namespace klein
