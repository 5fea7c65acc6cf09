#pragma once
// Aggregate — what is asked of the rows of a group, as plans write it, and what gathers it.

#include <memory>
#include <string>
#include <vector>

#include "op/accumulator.h"

namespace klein {

/// "max(price)" or "stddev(price, 1)" as it is written in a plan, or a function of the user's own.
struct Aggregate {
  std::string name, function, column = {};  // column: empty for count()
  std::vector<double> arguments = {};
  std::shared_ptr<const AggregateFunction> own = nullptr;
  bool spread = false;  // its result is a row: a column of the output for each of its columns
  bool many = false;    // its result is a list of rows, whole ones: a row of the output each; it is the only one then

  static Result<Aggregate> parse(const std::string& name, const std::string& text);
  /// As it was written.
  std::string text() const;
  /// The input's columns that it is made of.
  std::vector<std::string> columns() const;
  /// Whether what it keeps of a group does not grow with each row.
  bool bounded() const;
  /// The result's type. Errors: an unknown function or column, a type that the function does not take.
  Result<std::shared_ptr<arrow::DataType>> type(const Schema& input) const;
  Result<std::unique_ptr<Accumulator>> make(const Schema& input) const;
};

}  // namespace klein
