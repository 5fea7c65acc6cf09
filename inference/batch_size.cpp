#include "inference/batch_size.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/assert.h"

namespace klein {
namespace {

constexpr std::size_t enough_calls = 5;
constexpr std::size_t many_calls = 12;
constexpr std::size_t kept_calls = 64;
constexpr double hopeful_errors = 1;
constexpr double worth_doubling = 0.995;  // two doublings that save less than this end the climb
constexpr double hopeless = 1.25;         // one that costs this much more ends it at once
constexpr double allowed_waste = 0.01;
constexpr double unseen_hope = 0.99;  // what a size that was never tried may cost

}  // namespace

bool BatchSize::Size::known() const { return costs.size() >= enough_calls; }

std::size_t BatchSize::index_of(std::int64_t rows) {
  return static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(rows)) - 1);
}

BatchSize::BatchSize(std::int64_t most) : most_(most) {
  KLEIN_ASSERT(most >= 1);
  sizes_.resize(index_of(most) + 1);
}

std::int64_t BatchSize::next(std::int64_t available) const {
  KLEIN_ASSERT(available >= 1);
  const auto reachable = index_of(std::min(available, most_));
  auto index = wanted_;
  if (index > reachable) {  // the fastest of those that can be had
    index = reachable;
    for (std::size_t other = 0; other < reachable; ++other) {
      const auto& size = sizes_[other];
      if (size.known() && (!sizes_[index].known() || size.cost < sizes_[index].cost)) index = other;
    }
  }
  const auto rows = std::int64_t{1} << index;
  return available < 2 * rows ? std::min(available, most_) : rows;  // no small rest
}

void BatchSize::observe(std::int64_t rows, std::int64_t nanoseconds) {
  auto& size = sizes_[std::min(index_of(rows), sizes_.size() - 1)];
  const auto cost = static_cast<double>(nanoseconds) / static_cast<double>(rows);
  if (size.costs.size() < kept_calls)
    size.costs.push_back(cost);
  else
    size.costs[size.following] = cost;
  size.following = (size.following + 1) % kept_calls;
  refresh(size);
  worked_ += static_cast<double>(nanoseconds);
  if (sizes_[best_].known()) wasted_ += std::max(0.0, size.least - sizes_[best_].cost) * static_cast<double>(rows);
  for (std::size_t index = 0; index < sizes_.size(); ++index) {
    if (sizes_[index].known() && (!sizes_[best_].known() || sizes_[index].cost < sizes_[best_].cost)) best_ = index;
  }
  if (climbing_) climbing_ = climb();
  if (!climbing_) wanted_ = explore();
}

void BatchSize::refresh(Size& size) const {
  auto sorted = size.costs;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  size.cost = *middle;
  double deviation = 0;
  for (const auto cost : sorted) deviation += std::abs(cost - size.cost);
  const auto calls = static_cast<double>(sorted.size());
  const auto error = 1.6 * deviation / calls / std::sqrt(calls);  // of a median, from the mean absolute deviation
  size.least = size.cost - hopeful_errors * error;
  // What disturbs a call makes it slower, never faster: among few calls the fastest may be the only true one.
  if (sorted.size() < many_calls) size.least = std::min(size.least, *std::min_element(sorted.begin(), sorted.end()));
}

/// Goes on to the next size once this one is known; false: the top is reached.
bool BatchSize::climb() {
  if (!sizes_[wanted_].known()) return true;
  const auto cost = [this](std::size_t index) { return sizes_[index].least; };
  if (cost(wanted_) > hopeless * cost(best_)) return false;
  if (wanted_ >= 2 && std::min(cost(wanted_), cost(wanted_ - 1)) > worth_doubling * cost(wanted_ - 2)) return false;
  if (wanted_ + 1 >= sizes_.size()) return false;
  ++wanted_;
  return true;
}

/// The best size, or one that may be better where so little was wasted until now that it can be tried again.
std::size_t BatchSize::explore() const {
  const auto& best = sizes_[best_];
  if (wasted_ > allowed_waste * worked_) return best_;
  auto choice = best_;
  auto hope = best.cost;
  for (std::size_t index = 0; index < sizes_.size(); ++index) {
    const auto& size = sizes_[index];
    const bool neighbour = index + 1 == best_ || index == best_ + 1;
    if (index == best_ || (!size.known() && !neighbour)) continue;
    const auto least = size.known() ? size.least : unseen_hope * best.cost;
    if (least < hope) {
      hope = least;
      choice = index;
    }
  }
  return choice;
}

}  // namespace klein
