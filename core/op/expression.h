#pragma once
// Expression — a computation over a batch's columns, evaluated by Arrow. It comes from Python as a serialised
// pyarrow.compute.Expression, or as JSON: `{"column": "price"}` (a list of names for a field within a struct), a
// literal, or `["greater", {"column": "price"}, 3]` (the name of any Arrow scalar function, then its arguments).

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/value.h"
#include "data/batch.h"

namespace arrow {
class Array;
class DataType;
namespace compute {
class Expression;
}
}  // namespace arrow

namespace klein {

class Expression final : public Object {
 public:
  explicit Expression(std::shared_ptr<const arrow::compute::Expression> expression);
  /// Never from bytes that an untrusted file holds.
  static Result<std::shared_ptr<const Expression>> deserialize(BytesView serialized);
  static Result<std::shared_ptr<const Expression>> from_json(const Value& json);

  std::string text() const override;
  std::vector<std::string> columns() const;  // those it reads, each once
  /// True where it can't fail on a value (no division, no parsing, no checked arithmetic): so it may be evaluated on
  /// rows that an earlier filter would have dropped.
  bool total() const;
  /// True where it is only a column or a literal: evaluating it twice costs nothing.
  bool trivial() const;
  const arrow::compute::Expression& arrow() const { return *expression_; }
  /// `this and other`, for rules that fuse filters.
  std::shared_ptr<const Expression> both(const Expression& other) const;
  /// The same with each column that `definitions` names replaced by its expression.
  std::shared_ptr<const Expression> substitute(
      const std::vector<std::pair<std::string, std::shared_ptr<const Expression>>>& definitions) const;

 private:
  std::shared_ptr<const arrow::compute::Expression> expression_;
};

/// An expression bound to a schema: its type is known, and it can be evaluated.
class BoundExpression {
 public:
  /// Errors: an unknown column (with the nearest), types that do not go together.
  static Result<BoundExpression> make(const Expression& expression, const Schema& schema);
  std::shared_ptr<arrow::DataType> type() const;
  /// One value a row.
  Result<std::shared_ptr<arrow::Array>> evaluate(const Batch& batch) const;

 private:
  explicit BoundExpression(std::shared_ptr<const arrow::compute::Expression> bound);

  std::shared_ptr<const arrow::compute::Expression> bound_;
  int column_ = -1;  // where it is nothing but a column
};

}  // namespace klein
