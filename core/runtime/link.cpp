#include "runtime/link.h"

#include <algorithm>
#include <limits>

namespace klein {

bool OutputLink::writable() {
  // With `rebalance` room in one open channel is enough; a full one that is asked wakes this task too when it drains.
  bool any = false, all = true;
  for (auto* channel : channels_) {
    const bool room = channel->writable();
    any |= room && !channel->closed();
    all &= room;
  }
  return all || (exchange_ == Exchange::rebalance && any);
}

Channel& OutputLink::least_filled() {
  // Begins behind the last choice, so that equally filled channels have their turns.
  auto least = std::numeric_limits<std::int64_t>::max();
  auto choice = next_;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const auto place = (next_ + i) % channels_.size();
    const auto rows = channels_[place]->queued_rows();
    if (channels_[place]->closed() || rows >= least) continue;
    least = rows;
    choice = place;
  }
  next_ = (choice + 1) % channels_.size();
  return *channels_[choice];
}

void OutputLink::push(const Item& item) {
  if (std::holds_alternative<Batch>(item) && exchange_ == Exchange::rebalance) {
    least_filled().push(item);
    return;
  }
  for (auto* channel : channels_) channel->push(item);
}

bool OutputLink::closed() const {
  return std::all_of(channels_.begin(), channels_.end(), [](const Channel* channel) { return channel->closed(); });
}

void OutputLink::close() {
  for (auto* channel : channels_) channel->close();
}

}  // namespace klein
