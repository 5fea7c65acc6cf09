#pragma once
// OutputSchema — what the user's function gives in a job, whichever of its tasks gave the first of it.

#include <memory>
#include <optional>

#include "base/mutex.h"
#include "data/batch.h"

namespace klein {

/// Any thread.
class OutputSchema {
 public:
  explicit OutputSchema(std::optional<Schema> declared)
      : declared_(declared.has_value()), schema_(std::move(declared)) {}
  /// The rows under the schema: the declared one, else that of the first output. Columns may come in another order, be
  /// absent (null), or be whole numbers where the schema has real ones; a column without a value gets a type with its
  /// first one. Anything else is an error, never a changed value.
  Result<Batch> conform(Batch batch);

 private:
  Error differs(const Batch& batch) const KLEIN_REQUIRES(mutex_);

  const bool declared_;
  Mutex mutex_;
  std::optional<Schema> schema_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace klein
