#pragma once
// TimeQueue — rows in the order of their times, taken from the front. Made for rows that come nearly in order: those
// that do cost nothing, the others are sorted when the front is asked for.

#include <algorithm>
#include <compare>
#include <cstdint>
#include <vector>

namespace klein {

struct TimedRow {
  std::int64_t time, row;
  auto operator<=>(const TimedRow&) const = default;
};

class TimeQueue {
 public:
  std::size_t size() const { return rows_.size() - begin_; }
  void push(TimedRow row) {
    if (sorted_ == rows_.size() && (size() == 0 || rows_.back() <= row)) ++sorted_;
    rows_.push_back(row);
  }
  /// The earliest; null where there is none. Valid until the next push.
  const TimedRow* front() {
    settle();
    return size() == 0 ? nullptr : &rows_[begin_];
  }
  /// Takes out what `front` gave.
  void pop() {
    ++begin_;
    if (begin_ < worth_moving || begin_ < rows_.size() - begin_) return;
    rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(begin_));
    sorted_ -= begin_;
    begin_ = 0;
  }
  /// The numbers of the rows, in their own order.
  std::vector<std::int64_t> numbers() const {
    std::vector<std::int64_t> all;
    all.reserve(size());
    for (auto row = begin_; row < rows_.size(); ++row) all.push_back(rows_[row].row);
    std::sort(all.begin(), all.end());
    return all;
  }
  /// Takes out everything, in the order of the rows' numbers.
  std::vector<TimedRow> take_all() {
    std::vector<TimedRow> all(rows_.begin() + static_cast<std::ptrdiff_t>(begin_), rows_.end());
    std::sort(all.begin(), all.end(), [](const TimedRow& one, const TimedRow& other) { return one.row < other.row; });
    *this = {};
    return all;
  }

 private:
  static constexpr std::size_t worth_moving = 4096;

  void settle() {
    if (sorted_ == rows_.size()) return;
    const auto middle = rows_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::sort(middle, rows_.end());
    // Most of what is sorted is before all that came since.
    const auto from = std::lower_bound(rows_.begin() + static_cast<std::ptrdiff_t>(begin_), middle, *middle);
    std::inplace_merge(from, middle, rows_.end());
    sorted_ = rows_.size();
  }

  std::vector<TimedRow> rows_;          // those before `begin_` are taken
  std::size_t begin_ = 0, sorted_ = 0;  // in order up to `sorted_`
};

}  // namespace klein
