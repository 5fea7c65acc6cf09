#pragma once
// The user's folder of models that were made ready before: compiled ones, quantised ones. An entry is whole or not
// there: it is written beside and renamed, and ends with a checksum. The folder is $KLEIN_CACHE, or `klein` in
// $XDG_CACHE_HOME or ~/.cache; the least used go when it holds more than $KLEIN_CACHE_BYTES (1 GiB).

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace klein {

/// The bytes of a file, mapped; what uses them holds this.
class MappedFile {
 public:
  MappedFile(void* start, std::size_t size, std::size_t content) : start_(start), size_(size), content_(content) {}
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();
  /// What was written, without its seal; it begins at a page.
  BytesView bytes() const { return {static_cast<const char*>(start_), content_}; }

 private:
  void* const start_;
  const std::size_t size_, content_;
};

/// What was kept under `name`, a file's name; null where it is not there. A damaged one is removed and told of.
std::shared_ptr<const MappedFile> find_model(const std::string& name);

/// Keeps what `write` writes to the path that it is given, unless it says false. A folder that can't be written keeps
/// nothing.
void keep_model(const std::string& name, const std::function<bool(const std::string& path)>& write);

/// Where entries lie; the folder need not exist.
std::string model_cache_folder();

}  // namespace klein
