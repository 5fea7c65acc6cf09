#pragma once
// Function — the user's code as a step sees it: batch in, batches out. In a plan it is a recipe, shared and constant;
// each task makes an instance of its own, which is called by one thread at a time.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/value.h"
#include "data/batch.h"
#include "op/output_schema.h"

namespace klein {

class RemoteCalls;

class FunctionInstance {
 public:
  virtual ~FunctionInstance() = default;
  /// What the rows of `batch` become, each output with the row of `batch` that each of its rows comes from
  /// (Batch::derive or Batch::with). An error that a single row caused names it: `at_row(batch.row_id(row))`; the rows
  /// behind other errors are found by calling again with parts of the batch.
  virtual Result<std::vector<Batch>> call(const Batch& batch) = 0;
};

/// What the user's code of any sort owes.
class UserCode : public Object {
 public:
  /// What all tasks of the job that runs hold its output to.
  std::shared_ptr<OutputSchema> output() const;
  /// The schema that the user declared for its output, if any.
  virtual std::optional<Schema> output_schema() const { return std::nullopt; }

 private:
  mutable Mutex mutex_;
  mutable std::weak_ptr<OutputSchema> output_ KLEIN_GUARDED_BY(mutex_);  // as long as a task holds it
};

class Function : public UserCode {
 public:
  virtual Result<std::unique_ptr<FunctionInstance>> instance() const = 0;
  /// One function that does `this`, then `next`, entering the user's language once; null where they can't be joined.
  virtual std::shared_ptr<const Function> fuse([[maybe_unused]] const Function& next) const { return nullptr; }
  /// How many rows a call should get at most; 0: as they come.
  virtual std::int64_t batch_rows() const { return 0; }
  /// Called with each row by itself, so that it does not matter how many a call has.
  virtual bool by_row() const { return false; }
  /// Its calls are made in another process, by `remote_calls` in place of an instance.
  virtual bool is_remote() const { return false; }
  virtual Result<std::unique_ptr<RemoteCalls>> remote_calls() const;
};

/// The row of `batch` that `error` names by Batch::row_id, where it names one and only one.
std::optional<std::int64_t> failed_row(const Batch& batch, const Error& error);

}  // namespace klein
