#pragma once
// An aggregate of the user's: what gathers rows group by group is Python's (`pyklein/_gathering.py`). The interpreter
// is entered once a call.

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "interpreter.h"
#include "op/accumulator.h"

namespace klein::py {

/// What is known of it before it runs.
struct UserAggregate {
  std::vector<std::string> columns;     // that it is called with; none: with rows
  std::optional<Schema> state, result;  // none: the input's columns; a row of them but `keys`
  std::vector<std::string> keys = {};

  Schema state_of(const Schema& input) const { return state ? *state : input; }
  Schema result_of(const Schema& input) const;
};

class UserAccumulator final : public Accumulator {
 public:
  UserAccumulator(Reference object, UserAggregate aggregate, const Schema& input);
  void resize(std::size_t) override {}
  Result<> add(const Batch& batch, const Assigned& assigned) override;
  Result<std::shared_ptr<arrow::Array>> results(const std::vector<std::uint32_t>& groups) const override;
  Result<SavedColumns> save(const std::vector<std::uint32_t>& groups) const override;
  Result<> load(const SavedColumns& saved, const std::vector<std::uint32_t>& groups) override;
  void clear(const std::vector<std::uint32_t>& groups) override;

 private:
  Result<nanobind::list> values_of(const Batch& batch, const std::vector<std::int64_t>& rows) const;
  Result<std::shared_ptr<arrow::RecordBatch>> ask(const char* method, const std::vector<std::uint32_t>& groups,
                                                  const Schema& schema) const;

  const Reference object_;
  const UserAggregate aggregate_;
  const Schema state_, result_;
};

}  // namespace klein::py
