#pragma once
// Store — durable bytes by key, behind checkpoints and staged output. Small on purpose: what a plain object store
// gives. Safety rests on one guarantee alone: of several `create`s of a key, exactly one succeeds. Any thread.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace klein {

class Store {
 public:
  virtual ~Store() = default;
  /// Claims the store for this process, for as long as this lives; false: another process has it.
  virtual Result<bool> claim() { return true; }
  /// The whole object; nothing: there is none.
  virtual Result<std::optional<Bytes>> read(const std::string& key) const = 0;
  /// Whole or not at all, and durable when it returns; replaces what was there.
  virtual Result<> put(const std::string& key, BytesView bytes) = 0;
  /// As `put`, but false, and nothing changed, where the key exists.
  virtual Result<bool> create(const std::string& key, BytesView bytes) = 0;
  /// Keys that begin with `prefix`, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& prefix) const = 0;
  /// No error where there is none.
  virtual Result<> remove(const std::string& key) = 0;
};

/// Keys are non-empty parts of letters, digits, `.`, `_`, `-` and `=` joined by `/`; no part begins with `.`.
Result<> check_key(const std::string& key);

std::unique_ptr<Store> make_memory_store();
/// Objects are files below `folder`, which is made. Others may use the same folder at the same time.
Result<std::unique_ptr<Store>> make_directory_store(const std::string& folder);

}  // namespace klein
