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

class Channel {
 public:
  /// Counts rows and bytes; every item counts at least one row, so a flood of watermarks is bounded too. `budget` may
  /// be null, and otherwise outlives this.
  Channel(Capacity capacity, Waker producer, Waker consumer, Budget* budget = nullptr);
  ~Channel();

  // The producer's end.
  bool push(Item item);  // always taken; false: full now, or closed
  bool writable();  // false: full now, the producer is woken when it is not. A closed channel takes (and drops) all
  std::int64_t queued_rows() const;  // not yet acknowledged; what `rebalance` compares

  // The consumer's end.
  std::optional<Lease> take();                     // nothing: a push wakes the consumer
  void acknowledge(LeaseId lease, RowRange rows);  // in any order; gives the producer its room back
  /// A deterministic step has published so many rows of its output for this lease: a replay drops that many.
  void published(LeaseId lease, std::int64_t rows_out);

  // Snapshots. The barrier passes what is queued and comes next; returned is what it passed, in order.
  std::vector<Item> overtake(Barrier barrier);
  /// What was taken and not yet acknowledged, without the rows that were; then what is queued.
  std::vector<Item> unacknowledged() const;

  void close();  // either end; idempotent; what is queued is dropped, both ends are woken
  bool closed() const;

 private:
  struct Entry {
    LeaseId id;
    Item item;
    std::int64_t rows, bytes;
    std::vector<RowRange> acknowledged = {};
    std::int64_t rows_acknowledged = 0, rows_published = 0;
  };
  bool full() const KLEIN_REQUIRES(mutex_);
  Entry& entry(LeaseId lease) KLEIN_REQUIRES(mutex_);

  const Capacity capacity_;
  const Waker producer_, consumer_;  // woken with the lock released
  Budget* const budget_;
  mutable Mutex mutex_;
  std::deque<Entry> entries_ KLEIN_GUARDED_BY(mutex_);
  std::size_t taken_ KLEIN_GUARDED_BY(mutex_) = 0;  // the first `taken_` entries are leased
  std::int64_t next_id_ KLEIN_GUARDED_BY(mutex_) = 0, first_id_ KLEIN_GUARDED_BY(mutex_) = 0;
  std::int64_t rows_ KLEIN_GUARDED_BY(mutex_) = 0, bytes_ KLEIN_GUARDED_BY(mutex_) = 0;
  bool producer_waits_ KLEIN_GUARDED_BY(mutex_) = false, consumer_waits_ KLEIN_GUARDED_BY(mutex_) = false;
  bool closed_ KLEIN_GUARDED_BY(mutex_) = false;
};

}  // namespace klein
