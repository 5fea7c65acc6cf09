#pragma once
// KeyedStore — bytes by key, of one task, where there may be more than memory holds: what rows by key are kept in while
// a job runs. It is scratch: a checkpoint's rows are what a job goes on from. Keys and values may be any bytes.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "state/state.h"

namespace klein {

/// Goes from key to key of a view.
class KeyedCursor {
 public:
  virtual ~KeyedCursor() = default;
  /// To the first key, and then to the next; false: there is none.
  virtual Result<bool> next() = 0;
  /// Of the key that it is at, until it goes on.
  virtual BytesView key() const = 0;
  virtual BytesView value() const = 0;
};

/// What a store holds, now or at a moment that is past. Any thread.
class KeyedView {
 public:
  virtual ~KeyedView() = default;
  /// The values of these keys, in their order; nothing where a key has none.
  virtual Result<std::vector<std::optional<Bytes>>> get(const std::vector<Bytes>& keys) const = 0;
  /// The keys that begin with `prefix`, as bytes sort.
  virtual std::unique_ptr<KeyedCursor> scan(BytesView prefix) const = 0;
};

/// Reads as it is now. Its owner's thread writes; what it gave may be read by others, and after it is gone.
class KeyedStore : public KeyedView {
 public:
  struct Change {
    Bytes key;
    std::optional<Bytes> value;  // nothing: it has none any more
  };
  virtual Result<> write(const std::vector<Change>& changes) = 0;
  /// All keys that begin with `prefix` go.
  virtual Result<> remove(BytesView prefix) = 0;
  /// As it is now, whatever is written later.
  virtual std::shared_ptr<const KeyedView> view() = 0;
  /// What it takes; keys are counted roughly.
  virtual StateSize size() const = 0;
};

struct KeyedStoreOptions {
  std::string folder;              // is made; whoever made the folder that it is in removes both
  std::int64_t memory = 64 << 20;  // bytes that it may take of memory, about
  /// A value that nobody will ask for any more: it may be dropped. Called by any thread.
  std::function<bool(BytesView key, BytesView value)> over = {};
};

std::shared_ptr<KeyedStore> make_memory_keyed_store(KeyedStoreOptions options);
/// On disk. `not_found` where the plug-in that has RocksDB does not load.
Result<std::shared_ptr<KeyedStore>> make_disk_keyed_store(KeyedStoreOptions options);

}  // namespace klein
