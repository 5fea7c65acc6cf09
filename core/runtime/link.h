#pragma once
// OutputLink — one task's end of an exchange: which of the next chain's tasks an item goes to. Called by the task's
// thread.

#include <vector>

#include "plan/views.h"
#include "runtime/channel.h"

namespace klein {

class OutputLink {
 public:
  OutputLink(Exchange exchange, std::vector<Channel*> channels) : exchange_(exchange), channels_(std::move(channels)) {}
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
  std::size_t next_ = 0;
};

}  // namespace klein
