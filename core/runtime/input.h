#pragma once
// Input — where a task's leases come from: channels from other tasks, or a source's splits. Called by the task's
// thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "checkpoint/snapshot.h"
#include "op/connector.h"
#include "runtime/channel.h"
#include "runtime/coordinator.h"
#include "runtime/merge.h"
#include "runtime/metrics.h"
#include "runtime/open_split.h"

namespace klein {

/// An item under lease: it is the input's until it is acknowledged.
struct Taken {
  int port = 0;
  std::size_t channel = 0;
  LeaseId lease = {};
  Item item;
  std::int64_t first = 0;   // of a part of a batch: its place in it
  std::size_t stage = 0;    // of the task, that it goes to
  bool restored = false;    // from before the job went on
  bool rung = false;        // nothing was taken: an alarm rang
  std::uint32_t ended = 0;  // with a watermark: a bit each port that has ended
};

class Input {
 public:
  virtual ~Input() = default;
  /// Fills `taken` with the next item, of a batch at most so many rows; leaves it empty where there is none now: the
  /// task is woken when there is. `now` is the time of the job's clock, read anyway.
  virtual Result<> take(std::int64_t now, std::int64_t rows, std::optional<Taken>& taken) = 0;
  /// All of it is published.
  virtual void acknowledge(const Taken& taken) = 0;
  /// No more is wanted.
  virtual void close() = 0;

  // Snapshots. Any thread, under the task's publish lock.
  /// Whether the epoch's cut can be made between two steps, or in one of a task without state; where it has to overtake
  /// what is queued, if that is allowed.
  virtual bool may_cut(Epoch epoch, bool overtake) const = 0;
  virtual void cut(Epoch epoch) = 0;
  /// Adds what the cut holds, once it is complete; false: it is not yet.
  virtual bool take_cut(TaskSnapshot& snapshot) = 0;
};

/// From other tasks. Takes from the channels of one turn evenly; a watermark comes out once it holds on all of them.
class ChannelInput final : public Input {
 public:
  struct From {
    int port;          // of the first step, that it feeds
    std::string edge;  // its name in snapshots
    Channel* channel;
    int turn = 0;  // taken from once all of lower turns have ended
  };
  /// `first_port` is taken from while it has something; -1: each in turn.
  explicit ChannelInput(std::vector<From> channels, int first_port = -1);
  /// What waits in all channels of this turn.
  Queued queued();
  /// As `take`, but nothing where what comes next is no batch.
  void take_rows(std::int64_t rows, std::optional<Taken>& taken);
  Result<> take(std::int64_t now, std::int64_t rows, std::optional<Taken>& taken) override;
  void acknowledge(const Taken& taken) override;
  void close() override;
  bool may_cut(Epoch epoch, bool overtake) const override;
  void cut(Epoch epoch) override;
  bool take_cut(TaskSnapshot& snapshot) override;

 private:
  /// What of it the task should see: a batch, the merged watermark, a barrier; or nothing.
  std::optional<Item> seen(std::size_t channel, Item&& item);
  std::optional<std::size_t> next_ready(std::optional<Lease>& lease, bool only_rows = false);
  Taken taken_from(std::size_t channel, LeaseId lease, Item&& item) const;
  void next_turn(std::size_t ending);  // where that was the last channel of this one
  std::uint32_t ended_ports() const;

  const std::vector<From> channels_;
  const int first_port_;
  std::vector<std::optional<std::vector<Batch>>> cut_;  // by channel, as they come
  std::optional<Taken> rest_;                           // of a batch of which a part was taken
  Merge merge_;
  std::size_t next_ = 0;
  int turn_ = 0;
  std::uint32_t ended_ = 0;  // a bit each port
};

/// From a source. Of a bounded one it reads a split to its end and pulls the next from the coordinator; of one without
/// end it reads its share of the splits in turn, unless these have ends. The positions of what is published are what a
/// snapshot of a chain that begins here consists of.
class SplitInput final : public Input {
 public:
  SplitInput(const Source& source, ReadSize size, Coordinator& coordinator, Budget& budget, Context context,
             StepMetrics& metrics);
  Result<> take(std::int64_t now, std::int64_t rows, std::optional<Taken>& taken) override;
  void acknowledge(const Taken& taken) override;
  void close() override;
  bool may_cut(Epoch, bool) const override { return true; }
  void cut(Epoch epoch) override;
  bool take_cut(TaskSnapshot& snapshot) override;
  const Reading& reading() const { return reading_; }

 private:
  enum class Got { rows, nothing_yet, end };
  Result<Got> pull();        // rows are in the split at next_
  Result<bool> open_more();  // false: there are no more, and none is open
  bool turns_idle();         // nothing is open, nor will be soon, and what follows does not know it yet
  void end_split(std::size_t place);

  const Source& source_;
  const Discoverer* const discoverer_;
  const ReadSize size_;
  Coordinator& coordinator_;
  Budget& budget_;
  Context context_;
  std::int64_t rows_failed_ = 0;
  StepMetrics& metrics_;
  std::vector<std::unique_ptr<OpenSplit>> open_;
  std::size_t next_ = 0;  // whose turn it is; the one that was taken from last, until that is published
  Reading reading_{.open = {}, .more = true};  // once all are given out, nobody is asked again
  bool closed_ = false, any_ = false, idle_ = false;
  mutable Mutex mutex_;
  std::map<std::string, Split> published_ KLEIN_GUARDED_BY(mutex_);  // by id: where reading would go on
  std::vector<std::string> read_ KLEIN_GUARDED_BY(mutex_);           // to their ends, since the last cut
  TaskSnapshot cut_ KLEIN_GUARDED_BY(mutex_);
};

/// What an earlier attempt left in flight comes first, then the task's own input.
class RestoredInput final : public Input {
 public:
  /// The channel holds batches and the end.
  struct From {
    std::size_t stage;
    int port;
    std::string edge;
    std::unique_ptr<Channel> channel;
  };
  RestoredInput(std::vector<From> restored, std::unique_ptr<Input> next);
  Result<> take(std::int64_t now, std::int64_t rows, std::optional<Taken>& taken) override;
  void acknowledge(const Taken& taken) override;
  void close() override;
  bool may_cut(Epoch epoch, bool overtake) const override { return next_->may_cut(epoch, overtake); }
  void cut(Epoch epoch) override;
  bool take_cut(TaskSnapshot& snapshot) override;

 private:
  const std::vector<From> restored_;
  const std::unique_ptr<Input> next_;
  std::optional<Taken> rest_;
  std::size_t first_ = 0;  // of those that hold something
};

}  // namespace klein
