#include "runtime/channel.h"

#include <algorithm>
#include <utility>

namespace klein {

namespace {

std::int64_t rows_of(const Item& item) {
  const auto* batch = std::get_if<Batch>(&item);
  return batch ? std::max<std::int64_t>(batch->rows(), 1) : 1;
}

std::int64_t bytes_of(const Item& item) {
  const auto* batch = std::get_if<Batch>(&item);
  return batch ? batch->bytes() : 0;
}

}  // namespace

Channel::Channel(Capacity capacity, Waker producer, Waker consumer, Budget* budget)
    : capacity_(capacity), producer_(std::move(producer)), consumer_(std::move(consumer)), budget_(budget) {}

Channel::~Channel() { close(); }

bool Channel::full() const { return rows_ >= capacity_.rows || bytes_ >= capacity_.bytes; }

bool Channel::push(Item item) {
  const auto rows = rows_of(item), bytes = bytes_of(item);
  bool wake = false, room = false;
  {
    const Lock lock(mutex_);
    if (closed_) return false;
    entries_.push_back({LeaseId{next_id_++}, std::move(item), rows, bytes});
    rows_ += rows;
    bytes_ += bytes;
    room = !full();
    wake = std::exchange(consumer_waits_, false);
    if (budget_ && bytes > 0) budget_->add(bytes);
  }
  if (wake) consumer_.wake();
  return room;
}

bool Channel::writable() {
  const Lock lock(mutex_);
  if (closed_ || !full()) return true;
  producer_waits_ = true;
  return false;
}

std::int64_t Channel::queued_rows() const {
  const Lock lock(mutex_);
  return rows_;
}

std::optional<Lease> Channel::take() {
  const Lock lock(mutex_);
  if (taken_ == entries_.size()) {
    consumer_waits_ = true;
    return std::nullopt;
  }
  const auto& next = entries_[taken_++];
  return Lease{next.id, next.item};
}

Channel::Entry& Channel::entry(LeaseId lease) {
  const auto place = lease.value - first_id_;
  KLEIN_ASSERT(place >= 0 && place < static_cast<std::int64_t>(taken_));
  return entries_[static_cast<std::size_t>(place)];
}

void Channel::acknowledge(LeaseId lease, RowRange range) {
  bool wake = false;
  std::int64_t freed = 0;
  {
    const Lock lock(mutex_);
    if (closed_) return;
    auto& done = entry(lease);
    done.rows_acknowledged += range.count;
    KLEIN_ASSERT(done.rows_acknowledged <= done.rows);
    if (done.rows_acknowledged < done.rows) done.acknowledged.push_back(range);
    while (!entries_.empty() && taken_ > 0 && entries_.front().rows_acknowledged == entries_.front().rows) {
      rows_ -= entries_.front().rows;
      freed += entries_.front().bytes;
      entries_.pop_front();
      --taken_;
      ++first_id_;
    }
    bytes_ -= freed;
    if (producer_waits_ && !full()) {
      producer_waits_ = false;
      wake = true;
    }
  }
  if (budget_ && freed > 0) budget_->subtract(freed);
  if (wake) producer_.wake();
}

void Channel::published(LeaseId lease, std::int64_t rows_out) {
  const Lock lock(mutex_);
  if (!closed_) entry(lease).rows_published += rows_out;
}

std::vector<Item> Channel::overtake(Barrier barrier) {
  std::vector<Item> passed;
  bool wake = false;
  {
    const Lock lock(mutex_);
    if (closed_) return passed;
    for (auto i = taken_; i < entries_.size(); ++i) passed.push_back(entries_[i].item);
    entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(taken_), {LeaseId{}, barrier, 1, 0});
    for (auto i = taken_; i < entries_.size(); ++i) entries_[i].id = LeaseId{first_id_ + static_cast<std::int64_t>(i)};
    ++next_id_;
    ++rows_;
    wake = std::exchange(consumer_waits_, false);
  }
  if (wake) consumer_.wake();
  return passed;
}

std::vector<Item> Channel::unacknowledged() const {
  const Lock lock(mutex_);
  std::vector<Item> items;
  for (const auto& entry : entries_) {
    if (entry.rows_acknowledged == entry.rows) continue;
    const auto* batch = std::get_if<Batch>(&entry.item);
    if (!batch || entry.acknowledged.empty()) {
      items.push_back(entry.item);
      continue;
    }
    auto done = entry.acknowledged;
    std::sort(done.begin(), done.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    done.push_back({batch->rows(), 0});
    std::int64_t next = 0;
    for (const auto& range : done) {
      if (range.first > next) items.push_back(batch->slice(next, range.first - next));
      next = range.first + range.count;
    }
  }
  return items;
}

void Channel::close() {
  std::int64_t freed = 0;
  {
    const Lock lock(mutex_);
    if (std::exchange(closed_, true)) return;
    entries_.clear();
    taken_ = 0;
    freed = std::exchange(bytes_, 0);
    rows_ = 0;
  }
  if (budget_ && freed > 0) budget_->subtract(freed);
  producer_.wake();
  consumer_.wake();
}

bool Channel::closed() const {
  const Lock lock(mutex_);
  return closed_;
}

}  // namespace klein
