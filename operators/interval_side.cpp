#include "operators/interval_side.h"

#include <algorithm>

#include "operators/fired.h"

namespace klein {

namespace {

constexpr std::size_t unsorted_rows = 256;  // of a key: looked through one by one
constexpr std::size_t worth_tidying = 4096;

}  // namespace

IntervalSide::IntervalSide(std::vector<std::string> keys, std::string time, std::int64_t reach)
    : keys_(std::move(keys)), time_(std::move(time)), reach_(reach) {}

Result<IntervalSide::Read> IntervalSide::read(const Batch& batch) const {
  const auto codec = KLEIN_TRY(KeyCodec::make(batch.schema(), keys_));
  const auto time = KLEIN_TRY(TimeColumn::make(batch.schema(), time_));
  return Read{.keys = KLEIN_TRY(codec.encode(batch)),
              .times = KLEIN_TRY(time.read(batch)),
              .without = without_key(batch, keys_)};
}

void IntervalSide::OfKey::add(TimedRow row) {
  const bool in_order = sorted == rows.size() && (rows.empty() || rows.back().time <= row.time);
  rows.push_back(row);
  if (in_order) {
    sorted = rows.size();
  } else if (rows.size() - sorted > unsorted_rows) {
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(sorted);
    std::sort(middle, rows.end());
    std::inplace_merge(rows.begin(), middle, rows.end());
    sorted = rows.size();
  }
}

void IntervalSide::index(std::uint32_t key, TimedRow row) {
  if (key == of_key_.size()) of_key_.emplace_back();
  of_key_[key].add(row);
}

Result<> IntervalSide::add(const Batch& batch, const Read& read, const std::vector<bool>& matched) {
  const auto first = rows_.size();
  KLEIN_TRY(rows_.add(batch));
  for (std::size_t row = 0; row < read.times.size(); ++row) {
    const TimedRow timed{read.times[row], first + static_cast<std::int64_t>(row)};
    const bool has_key = read.without.empty() || !read.without[row];
    const auto key = has_key ? table_.add(read.keys[row], read.keys.hash(row)) : 0;
    if (has_key) index(key, timed);
    key_of_.push_back(has_key ? static_cast<std::int64_t>(key) : -1);
    matched_.push_back(matched[row]);
    living_.push(timed);
  }
  return {};
}

void IntervalSide::find(std::string_view key, std::uint64_t hash, std::int64_t from, std::int64_t to,
                        std::vector<std::int64_t>& found) {
  const auto number = table_.find(key, hash);
  if (!number) return;
  const auto& [rows, sorted] = of_key_[*number];
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(sorted);
  const auto begin =
      std::lower_bound(rows.begin(), end, from, [](const TimedRow& row, std::int64_t time) { return row.time < time; });
  for (auto row = begin; row != end && row->time <= to; ++row) found.push_back(row->row);
  for (auto row = end; row != rows.end(); ++row) {
    if (row->time >= from && row->time <= to) found.push_back(row->row);
  }
}

bool IntervalSide::match(std::int64_t row) {
  const auto place = static_cast<std::size_t>(row);
  if (matched_[place]) return false;
  matched_[place] = true;
  return true;
}

bool IntervalSide::is_over(std::int64_t time, std::int64_t now) const {
  return now == end_of_time || later(time, reach_) < now;
}

std::optional<std::vector<std::int64_t>> IntervalSide::take_over(std::int64_t now, std::size_t most) {
  std::vector<std::int64_t> alone;
  std::size_t taken = 0;
  for (const auto* next = living_.front(); taken < most && next && is_over(next->time, now); next = living_.front()) {
    if (!matched_[static_cast<std::size_t>(next->row)]) alone.push_back(next->row);
    living_.pop();
    ++taken;
  }
  if (taken == 0) return std::nullopt;
  std::sort(alone.begin(), alone.end());
  return alone;
}

Result<> IntervalSide::tidy() {
  const auto over = static_cast<std::size_t>(rows_.size()) - living_.size();
  if (over < worth_tidying || over < living_.size()) return {};
  KLEIN_TRY(rows_.keep(living_.numbers()));
  auto living = living_.take_all();
  const auto table = std::exchange(table_, {});
  const auto key_of = std::exchange(key_of_, {});
  const auto matched = std::exchange(matched_, {});
  of_key_.clear();
  for (std::size_t row = 0; row < living.size(); ++row) {
    const auto was = static_cast<std::size_t>(std::exchange(living[row].row, static_cast<std::int64_t>(row)));
    living_.push(living[row]);
    matched_.push_back(matched[was]);
    key_of_.push_back(-1);
    if (key_of[was] < 0) continue;
    const auto old = static_cast<std::uint32_t>(key_of[was]);
    const auto key = table_.add(table.key(old), table.hash(old));
    key_of_.back() = key;
    index(key, living[row]);
  }
  return {};
}

Result<std::vector<Batch>> IntervalSide::save() const {
  std::vector<Batch> all;
  const auto by_part = rows_.by_part(living_.numbers());
  for (std::size_t place = 0; place < by_part.size(); ++place) {
    if (by_part[place].empty()) continue;
    const auto& part = rows_.parts()[place];
    std::vector<bool> matched;
    for (const auto row : by_part[place]) matched.push_back(matched_[static_cast<std::size_t>(part.first + row)]);
    const auto codec = KLEIN_TRY(KeyCodec::make(part.rows.schema(), keys_));
    all.push_back(KLEIN_TRY(save_rows(KLEIN_TRY(part.rows.pick(by_part[place])), codec, matched)));
  }
  return all;
}

Result<> IntervalSide::load(const std::vector<Batch>& state) {
  for (const auto& batch : state) {
    const auto loaded = KLEIN_TRY(LoadedRows::read(batch));
    KLEIN_TRY(add(loaded.rows, KLEIN_TRY(read(loaded.rows)), loaded.matched));
  }
  return {};
}

}  // namespace klein
