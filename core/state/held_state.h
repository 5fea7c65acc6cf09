#pragma once
// HeldState — what a step's task remembers by key where its own memory is not the place: tables of rows in a keyed
// store. One thread at a time; the late rows that it gives are read by any, also once it is gone.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "data/batch.h"
#include "state/keyed_store.h"

namespace klein {

/// One table: of each key its rows, in order.
class HeldRows {
 public:
  enum class Several { no, yes };  // rows a key
  /// `values`: the columns between the key and the time at which a row is over.
  HeldRows(std::shared_ptr<KeyedStore> store, std::shared_ptr<std::atomic<std::int64_t>> now, int place, Schema values,
           Several several);

  /// The rows of these keys, of those that have any: `key`, the values, `expiry` (int64, by the job's clock; 0: never).
  /// Without those that are over.
  Result<Batch> read(const std::vector<Bytes>& keys) const;
  /// These keys have these rows from now on, as `read` gives them, and no others. The rows of a key stand together.
  Result<> write(const std::vector<Bytes>& keys, const Batch& rows);

  /// Rows of a checkpoint, docs/formats/state.md: `key`, the values, `left`, as it is at `now`.
  Result<> restore(const Batch& rows, std::int64_t now);
  /// Such rows: all that there are, or what has changed since either was asked.
  Result<std::shared_ptr<const LateRows>> all();
  Result<std::shared_ptr<const LateRows>> changes();
  /// Of how many keys, at most, `changes` will tell.
  std::int64_t changed() const { return changed_; }

 private:
  Result<std::shared_ptr<const LateRows>> cut(bool whole);

  const std::shared_ptr<KeyedStore> store_;
  const std::shared_ptr<std::atomic<std::int64_t>> now_;
  const int place_;
  const Schema values_;
  const Several several_;
  std::int64_t changed_ = 0;
};

class HeldState {
 public:
  /// In RocksDB below `folder`, with about so many bytes of memory.
  static Result<std::shared_ptr<HeldState>> on_disk(const std::string& folder, std::int64_t memory);
  static std::shared_ptr<HeldState> in_memory();

  /// `invalid` where values are of a type that can't be held.
  Result<std::shared_ptr<HeldRows>> add(Schema values, HeldRows::Several several);
  /// The job's clock: what was over by then is dropped at leisure.
  void at(std::int64_t now) { now_->store(now, std::memory_order_relaxed); }
  /// What its user has in memory in front of it, in bytes.
  void in_front(std::int64_t bytes) { in_front_ = bytes; }
  StateSize size() const {
    auto size = store_->size();
    size.memory += in_front_;
    return size;
  }

 private:
  HeldState(std::shared_ptr<std::atomic<std::int64_t>> now, std::shared_ptr<KeyedStore> store)
      : now_(std::move(now)), store_(std::move(store)) {}
  const std::shared_ptr<std::atomic<std::int64_t>> now_;
  const std::shared_ptr<KeyedStore> store_;
  int tables_ = 0;
  std::int64_t in_front_ = 0;
};

}  // namespace klein
