#pragma once
// OutputLink — one task's end of an exchange: which of the next chain's tasks an item goes to. Called by the task's
// thread.

#include <string>
#include <utility>
#include <vector>

#include "plan/views.h"
#include "runtime/channel.h"
#include "runtime/partition.h"

namespace klein {

class OutputLink {
 public:
  OutputLink(Exchange exchange, std::vector<Channel*> channels, std::vector<std::string> keys = {})
      : exchange_(exchange),
        channels_(std::move(channels)),
        partition_(std::move(keys), static_cast<int>(channels_.size())) {}
  bool by_key() const { return exchange_ == Exchange::by_key; }
  /// Rows of `by_key` by the task that they go to.
  Result<std::vector<std::pair<int, Batch>>> parts(const Batch& batch) { return partition_.split(batch); }
  void push(const Item& item, int task) { channels_[static_cast<std::size_t>(task)]->push(item); }
  /// False: full now; the task is woken when it is not.
  bool writable();
  /// A batch goes to one task (forward, rebalance) or to all (broadcast); watermarks and barriers go to all.
  void push(const Item& item);
  /// Nobody wants more.
  bool closed() const;
  void close();

 private:
  Channel& least_filled();

  const Exchange exchange_;
  const std::vector<Channel*> channels_;
  Partition partition_;
  std::size_t next_ = 0;
};

}  // namespace klein
