#pragma once
// FileWatch — looks at folders and patterns for files that have come. A position is `HORIZON COUNT HASH...`: how many
// files were found, the newest of them by the hashes of their paths, and the time before which a file was found earlier
// though its hash is not kept any more.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "op/connector.h"
#include "op/params.h"

namespace klein {

class FileWatch final : public Discoverer {
 public:
  struct Files {
    std::function<Result<std::vector<std::string>>()> list;                        // that are there now
    std::function<Result<std::vector<Split>>(const std::string& path)> to_splits;  // of one of them
  };
  /// `remember`: how many hashes a position holds at most.
  FileWatch(std::int64_t interval, Files files, std::size_t remember = 50'000);
  /// As `watch` of the parameters says; null: files are listed once.
  static Result<std::unique_ptr<FileWatch>> make(const Params& params, Files files);

  std::int64_t interval() const override { return interval_; }
  bool splits_end() const override { return true; }
  /// A file is known by its path: one that is written anew under its name is not read again.
  Result<Found> look(BytesView since) const override;

 private:
  const std::int64_t interval_;
  const Files files_;
  const std::size_t remember_;
};

/// `watch`.
Param watch_param();

}  // namespace klein
