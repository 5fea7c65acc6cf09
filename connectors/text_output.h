#pragma once
// Files of text, for sinks whose rows are lines: they can be cut behind any row.

#include <memory>
#include <string>

#include "connectors/file_format.h"

namespace klein {

/// A format whose files are a header and rows as text, which `append` adds.
class TextFormat : public FileFormat {
 public:
  virtual Result<> append(const Batch& batch, std::string& text) const = 0;
  /// What a file begins with.
  virtual Result<std::string> header(const Schema&) const { return std::string(); }
  Result<std::unique_ptr<OutputFile>> open(const std::string& path, const Schema& schema,
                                           const Batch* sample) const final;
};

}  // namespace klein
