#pragma once
// Functions of rows, ready for a task: a batch is read a dict at a time, each goes through all the functions before the
// next one, and what comes out is written as one batch. The interpreter is entered once a batch.

#include <nanobind/nanobind.h>

#include "functions.h"
#include "rows_read.h"
#include "rows_write.h"

namespace klein::py {

class RowInstance final : public FunctionInstance {
 public:
  RowInstance(std::vector<Call> calls, std::optional<Schema> declared);
  Result<std::vector<Batch>> call(const Batch& batch) override;

 private:
  void begin();
  /// Takes a row through the functions from `stage` on. False: failed.
  bool pass(std::size_t stage, nanobind::object row);
  bool pass_each(std::size_t stage, const nanobind::object& rows);
  bool keep(PyObject* row);
  Error failure() const;

  std::vector<Call> calls_;
  const std::optional<Schema> declared_;
  bool only_filters_ = true, one_to_one_ = true;
  RowReader reader_;
  Fields fields_;
  std::vector<std::int64_t> origin_;
  std::int64_t row_ = 0;
  std::string problem_;
};

}  // namespace klein::py
