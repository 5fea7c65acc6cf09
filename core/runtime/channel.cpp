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

Channel::Channel(Capacity capacity, Waker producer, Waker consumer, Budget* budget, Waker snapshots)
    : capacity_(capacity),
      producer_(std::move(producer)),
      consumer_(std::move(consumer)),
      snapshots_(std::move(snapshots)),
      budget_(budget) {}

Channel::~Channel() { close(); }

bool Channel::full() const { return rows_ >= capacity_.rows || bytes_ >= capacity_.bytes; }

bool Channel::push(Item item) {
  const auto rows = rows_of(item), bytes = bytes_of(item);
  const auto* barrier = std::get_if<Barrier>(&item);
  const bool is_barrier = barrier != nullptr;
  bool wake = false, room = false;
  {
    const Lock lock(mutex_);
    if (closed_) return false;
    if (!barrier || delivered(*barrier)) {
      const auto* watermark = std::get_if<Watermark>(&item);
      ended_ |= watermark && watermark->is_end();
      if (const auto* batch = std::get_if<Batch>(&item)) {
        arrived_ += batch->rows();
        if (awaits_barrier_) cut_rows_.push_back(*batch);
      }
      entries_.push_back({LeaseId{next_id_++}, std::move(item), rows, bytes});
      rows_ += rows;
      bytes_ += bytes;
      wake = std::exchange(consumer_waits_, false);
      if (budget_ && bytes > 0) budget_->add(bytes);
    }
    awaits_barrier_ &= !ended_;
    room = !full();
  }
  if (wake) consumer_.wake();
  if (is_barrier) snapshots_.wake();
  return room;
}

bool Channel::delivered(Barrier barrier) {
  if (barrier.epoch == cut_) awaits_barrier_ = false;
  return barrier.epoch > cut_ && !ended_;
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

std::optional<Lease> Channel::take(bool only_rows) {
  const Lock lock(mutex_);
  if (taken_ == entries_.size()) {
    consumer_waits_ = true;
    return std::nullopt;
  }
  const auto& next = entries_[taken_];
  if (only_rows && !std::holds_alternative<Batch>(next.item)) return std::nullopt;
  if (!std::holds_alternative<Barrier>(next.item)) ++taken_;
  return Lease{next.id, next.item};
}

Queued Channel::queued() {
  const Lock lock(mutex_);
  Queued queued{.arrived = arrived_, .only_rows = !full() && !ended_ && !closed_};
  for (auto place = taken_; place < entries_.size(); ++place) {
    const auto* batch = std::get_if<Batch>(&entries_[place].item);
    queued.only_rows &= batch != nullptr;
    if (!batch) break;
    if (queued.rows == 0) queued.admitted = batch->header().admitted;
    queued.rows += batch->rows();
  }
  consumer_waits_ = true;
  return queued;
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

bool Channel::holds_barrier(Epoch epoch) const {
  const Lock lock(mutex_);
  return std::any_of(entries_.begin() + static_cast<std::ptrdiff_t>(taken_), entries_.end(), [&](const Entry& entry) {
    const auto* barrier = std::get_if<Barrier>(&entry.item);
    return barrier && barrier->epoch == epoch;
  });
}

bool Channel::ended() const {
  const Lock lock(mutex_);
  return ended_ || closed_;
}

void Channel::cut(Epoch epoch) {
  bool wake = false;
  {
    const Lock lock(mutex_);
    cut_ = epoch;
    const auto barrier_of = [](const Entry& entry) {
      const auto* barrier = std::get_if<Barrier>(&entry.item);
      return barrier ? barrier->epoch : Epoch{};
    };
    const auto queued = entries_.begin() + static_cast<std::ptrdiff_t>(taken_);
    const auto barrier =
        std::find_if(queued, entries_.end(), [&](const Entry& entry) { return barrier_of(entry) == epoch; });
    awaits_barrier_ = barrier == entries_.end() && !ended_ && !closed_;
    cut_rows_ = unacknowledged(static_cast<std::size_t>(barrier - entries_.begin()));
    // Barriers are never leased, so the leases before them keep their places.
    const auto rest = std::remove_if(queued, entries_.end(), [&](const Entry& entry) {
      return barrier_of(entry) > Epoch{} && barrier_of(entry) <= epoch;
    });
    const auto removed = entries_.end() - rest;
    entries_.erase(rest, entries_.end());
    rows_ -= removed;
    next_id_ -= removed;
    for (auto place = taken_; place < entries_.size(); ++place)
      entries_[place].id = LeaseId{first_id_ + static_cast<std::int64_t>(place)};
    wake = producer_waits_ && !full();
    if (wake) producer_waits_ = false;
  }
  if (wake) producer_.wake();
}

std::optional<std::vector<Batch>> Channel::take_cut() {
  const Lock lock(mutex_);
  if (awaits_barrier_ && !closed_) return std::nullopt;
  awaits_barrier_ = false;
  return std::exchange(cut_rows_, {});
}

std::vector<Batch> Channel::unacknowledged() const {
  const Lock lock(mutex_);
  return unacknowledged(entries_.size());
}

std::vector<Batch> Channel::unacknowledged(std::size_t end) const {
  std::vector<Batch> rows;
  for (std::size_t place = 0; place < end; ++place) {
    const auto& entry = entries_[place];
    const auto* batch = std::get_if<Batch>(&entry.item);
    if (!batch || entry.rows_acknowledged == entry.rows) continue;
    auto done = entry.acknowledged;
    std::sort(done.begin(), done.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    done.push_back({batch->rows(), 0});
    std::int64_t next = 0;
    for (const auto& range : done) {
      if (range.first > next) rows.push_back(batch->slice(next, range.first - next));
      next = range.first + range.count;
    }
  }
  return rows;
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
