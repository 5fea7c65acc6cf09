#pragma once
// OpenSplit — one split under its reader: what was pulled and not yet taken, and where reading goes on from. Called by
// the task's thread.

#include <cstdint>
#include <memory>
#include <string>

#include "op/connector.h"

namespace klein {

class OpenSplit {
 public:
  static Result<std::unique_ptr<OpenSplit>> open(const Source& source, Split split, ReadSize size);

  /// Pulls until there are rows that did not go on in an earlier attempt.
  Result<Pulled::What> pull(const Context& context);
  bool has_rows() const { return pulled_.batch.has_value(); }
  /// Of what was pulled, at most so many rows; `now` is when they are admitted.
  Batch take(std::int64_t rows, std::int64_t now);
  /// As the split is once all that was taken is published.
  const Split& taken() const { return taken_; }
  const std::shared_ptr<const std::string>& label() const { return label_; }

 private:
  OpenSplit(Split split, std::unique_ptr<SplitReader> reader);
  bool skip_seen();  // of pulled_; false: nothing of it is left
  Batch labelled(const Batch& batch, std::int64_t now) const;

  const std::shared_ptr<const std::string> label_;
  const std::unique_ptr<SplitReader> reader_;
  Pulled pulled_;  // its batch: what was not yet taken of it
  Split taken_;
  std::int64_t to_skip_;
};

}  // namespace klein
