#pragma once
// Channel — a bounded queue from one producer task to one consumer task. Neither end blocks: each call answers at once,
// and the waker of the end that could not go on is woken when it can. What was taken is still the channel's until it is
// acknowledged: a lost or stopped consumer has lost nothing.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "base/waker.h"
#include "data/item.h"
#include "runtime/budget.h"

namespace klein {

struct Capacity {
  std::int64_t rows = 128 * 1024;
  std::int64_t bytes = 32 << 20;
};

struct RowRange {
  std::int64_t first = 0, count = 0;
};

/// An item that its consumer works on; the channel keeps it too.
struct Lease {
  LeaseId id;
  Item item;
};

/// Rows that wait.
struct Queued {
  std::int64_t rows = 0;
  std::int64_t admitted = 0;  // the oldest batch of them
  std::int64_t arrived = 0;   // rows that have come so far, ever
  bool only_rows = true;      // no watermark, barrier or end is among them, and the channel takes more
};

class Channel {
 public:
  /// Counts rows and bytes; every item counts at least one row, so a flood of watermarks is bounded too. `budget` may
  /// be null, and otherwise outlives this. `snapshots` is woken when a barrier is delivered.
  Channel(Capacity capacity, Waker producer, Waker consumer, Budget* budget = nullptr, Waker snapshots = {});
  ~Channel();

  // The producer's end.
  bool push(Item item);  // always taken; false: full now, or closed
  bool writable();  // false: full now, the producer is woken when it is not. A closed channel takes (and drops) all
  std::int64_t queued_rows() const;  // not yet acknowledged; what `rebalance` compares

  // The consumer's end.
  /// Nothing: a push wakes the consumer. A barrier is not leased: it comes again until the epoch's cut is made.
  /// `only_rows`: what is none stays.
  std::optional<Lease> take(bool only_rows = false);
  /// What was not taken yet; the next push wakes the consumer.
  Queued queued();
  void acknowledge(LeaseId lease, RowRange rows);  // in any order; gives the producer its room back

  // Snapshots, by whoever makes the consumer's.
  /// A barrier of this epoch is queued.
  bool holds_barrier(Epoch epoch) const;
  /// No barrier will come: the end is queued, or was taken; or nobody takes any more.
  bool ended() const;
  /// What of this channel belongs to the epoch: the rows not acknowledged that came before its barrier. The barrier is
  /// passed with this. Where it has not come, it is waited for, and what comes before it is added; after the end
  /// nothing is.
  void cut(Epoch epoch);
  /// The cut's rows, in order, once; nothing: its barrier has not come yet.
  std::optional<std::vector<Batch>> take_cut();
  /// What was taken and not yet acknowledged, without the rows that were; then what is queued.
  std::vector<Batch> unacknowledged() const;

  void close();  // either end; idempotent; what is queued is dropped, both ends are woken
  bool closed() const;

 private:
  struct Entry {
    LeaseId id;
    Item item;
    std::int64_t rows, bytes;
    std::vector<RowRange> acknowledged = {};
    std::int64_t rows_acknowledged = 0;
  };
  bool full() const KLEIN_REQUIRES(mutex_);
  bool delivered(Barrier barrier) KLEIN_REQUIRES(mutex_);  // false: it is not queued
  std::vector<Batch> unacknowledged(std::size_t end) const KLEIN_REQUIRES(mutex_);
  Entry& entry(LeaseId lease) KLEIN_REQUIRES(mutex_);

  const Capacity capacity_;
  const Waker producer_, consumer_, snapshots_;  // woken with the lock released
  Budget* const budget_;
  mutable Mutex mutex_;
  std::deque<Entry> entries_ KLEIN_GUARDED_BY(mutex_);
  std::size_t taken_ KLEIN_GUARDED_BY(mutex_) = 0;  // the first `taken_` entries are leased
  std::int64_t next_id_ KLEIN_GUARDED_BY(mutex_) = 0, first_id_ KLEIN_GUARDED_BY(mutex_) = 0;
  std::int64_t rows_ KLEIN_GUARDED_BY(mutex_) = 0, bytes_ KLEIN_GUARDED_BY(mutex_) = 0;
  std::int64_t arrived_ KLEIN_GUARDED_BY(mutex_) = 0;  // rows of batches, ever
  bool producer_waits_ KLEIN_GUARDED_BY(mutex_) = false, consumer_waits_ KLEIN_GUARDED_BY(mutex_) = false;
  bool closed_ KLEIN_GUARDED_BY(mutex_) = false, ended_ KLEIN_GUARDED_BY(mutex_) = false;
  Epoch cut_ KLEIN_GUARDED_BY(mutex_);  // the last epoch that was cut here
  std::vector<Batch> cut_rows_ KLEIN_GUARDED_BY(mutex_);
  bool awaits_barrier_ KLEIN_GUARDED_BY(mutex_) = false;
};

}  // namespace klein
