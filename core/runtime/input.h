#pragma once
// Input — where a task's leases come from: channels from other tasks, or a source's splits. Called by the task's
// thread.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "op/connector.h"
#include "runtime/channel.h"
#include "runtime/coordinator.h"
#include "runtime/merge.h"
#include "runtime/metrics.h"

namespace klein {

/// An item under lease: it is the input's until it is acknowledged.
struct Taken {
  int port = 0;
  std::size_t channel = 0;
  LeaseId lease = {};
  Item item;
  std::int64_t first = 0;  // of a part of a batch: its place in it
};

class Input {
 public:
  virtual ~Input() = default;
  /// The next item, of a batch at most so many rows; nothing: none now, the task is woken when there is. `now` is the
  /// time of the job's clock, read anyway.
  virtual Result<std::optional<Taken>> take(std::int64_t now, std::int64_t rows) = 0;
  /// All of it is published.
  virtual void acknowledge(const Taken& taken) = 0;
  /// So many rows of its output are published.
  virtual void published(const Taken& taken, std::int64_t rows_out) = 0;
  /// A barrier to pass on before the next item. Any thread; the caller wakes the task.
  virtual void inject([[maybe_unused]] Barrier barrier) {}
  /// No more is wanted.
  virtual void close() = 0;
};

/// From other tasks. Takes from each channel in turn; a watermark comes out once it holds on all of them.
class ChannelInput final : public Input {
 public:
  /// Each channel with the port of the first step that it feeds.
  explicit ChannelInput(std::vector<std::pair<int, Channel*>> channels);
  Result<std::optional<Taken>> take(std::int64_t now, std::int64_t rows) override;
  void acknowledge(const Taken& taken) override;
  void published(const Taken& taken, std::int64_t rows_out) override;
  void close() override;

 private:
  /// What of it the task should see: a batch, the merged watermark, an epoch's first barrier; or nothing.
  std::optional<Item> seen(std::size_t channel, const Item& item);

  std::optional<Taken> part(std::int64_t rows);

  const std::vector<std::pair<int, Channel*>> channels_;
  std::optional<Taken> rest_;  // of a batch of which a part was taken
  Merge merge_;
  std::size_t next_ = 0;
};

/// From a source: pulls the next split from the coordinator when it has none. The position of the last published batch
/// is what a snapshot of a chain that begins here consists of.
class SplitInput final : public Input {
 public:
  SplitInput(const Source& source, int step, ReadSize size, Coordinator& coordinator, Budget& budget, Context context,
             StepMetrics& metrics);
  Result<std::optional<Taken>> take(std::int64_t now, std::int64_t rows) override;
  void acknowledge(const Taken& taken) override;
  void published(const Taken&, std::int64_t) override {}
  void inject(Barrier barrier) override { injected_.store(barrier.epoch.value); }
  void close() override;

 private:
  Result<std::optional<Pulled>> pull();
  Result<bool> open_next();  // false: there are no more
  Batch labelled(const Batch& batch, std::int64_t now) const;
  Taken part(std::int64_t now, std::int64_t rows);

  const Source& source_;
  const int step_;
  const ReadSize size_;
  Coordinator& coordinator_;
  Budget& budget_;
  Context context_;
  std::int64_t rows_failed_ = 0;
  StepMetrics& metrics_;
  std::optional<Split> split_;
  std::shared_ptr<const std::string> label_;
  std::unique_ptr<SplitReader> reader_;
  std::optional<Pulled> rest_;  // of what was pulled: what was not yet taken
  Bytes pulled_position_;
  std::atomic<std::int64_t> injected_{0};
  bool closed_ = false;
};

}  // namespace klein
