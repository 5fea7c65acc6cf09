// Windows of one length: a pane each, with its keys and their aggregates; it is dropped whole. All time is one pane.

#include <algorithm>
#include <map>

#include "operators/windows.h"
#include "state/key_table.h"

namespace klein {

namespace {

constexpr std::uint32_t rows_at_once = 32 * 1024;  // of results

struct Pane {
  KeyTable keys;
  Groups groups;
  std::vector<char> fired = {};
  std::uint32_t next = 0;  // the first that has not been looked at since the pane is due
};

class Panes final : public Windows {
 public:
  Panes(std::shared_ptr<const Shape> shape, std::optional<Window> window, std::int64_t lateness)
      : shape_(std::move(shape)), window_(window), lateness_(lateness) {}

  Result<> add(const Batch& batch, const Keys& keys, const std::vector<std::int64_t>& times, const Fired& fired,
               std::vector<std::int64_t>& late, const Emit& emit) override {
    std::map<std::int64_t, Assigned> assigned;
    for (std::size_t row = 0; row < keys.size(); ++row) {
      if (!KLEIN_TRY(assign(keys, row, times, fired, assigned))) late.push_back(static_cast<std::int64_t>(row));
    }
    for (auto& [start, rows] : assigned) {
      auto& pane = panes_.at(start);
      rows.times = window_ ? &times : nullptr;
      KLEIN_TRY(pane.groups.add(batch, rows, pane.keys.size()));
      pane.fired.resize(pane.keys.size(), 0);
      KLEIN_TRY(update(start, pane, rows.groups, fired, emit));
    }
    return {};
  }

  Result<bool> fire(const Fired& fired, const Emit& emit) override {
    while (!panes_.empty()) {
      const auto due = std::find_if(panes_.begin(), panes_.end(), [&](const auto& entry) {
        return end(entry.first) <= fired.now() && (entry.second.next < entry.second.keys.size() || is_over(entry.first, fired));
      });
      if (due == panes_.end() || end(due->first) > fired.now()) return false;
      auto& [start, pane] = *due;
      const auto before = pane.next;
      if (before < pane.keys.size()) KLEIN_TRY(fire_some(start, pane, emit));
      if (pane.next < pane.keys.size()) return true;
      if (is_over(start, fired)) panes_.erase(due);
      if (before > 0) return true;
    }
    return false;
  }

  Result<std::vector<Batch>> save() const override {
    std::vector<Batch> all;
    for (const auto& [start, pane] : panes_) {
      std::vector<Entry> entries;
      for (std::uint32_t group = 0; group < pane.keys.size(); ++group) entries.push_back(entry(start, pane, group));
      if (!entries.empty()) all.push_back(KLEIN_TRY(pane.groups.save(*shape_, entries)));
    }
    return all;
  }

  Result<> load(const Batch& rows) override {
    const auto saved = KLEIN_TRY(Saved::read(*shape_, rows));
    std::map<std::int64_t, std::vector<std::int64_t>> by_start;
    for (std::size_t row = 0; row < saved.keys.size(); ++row) by_start[saved.starts[row]].push_back(static_cast<std::int64_t>(row));
    for (const auto& [start, own] : by_start) KLEIN_TRY(load(start, own, rows));
    return {};
  }

  bool empty() const override { return panes_.empty(); }

 private:
  std::int64_t end(std::int64_t start) const { return window_ ? later(start, window_->size) : end_of_time; }
  bool is_over(std::int64_t start, const Fired& fired) const {
    return fired.now() == end_of_time || later(end(start), lateness_) <= fired.now();
  }
  Entry entry(std::int64_t start, const Pane& pane, std::uint32_t group) const {
    return {pane.keys.key(group), group, start, end(start), pane.fired[group] != 0};
  }

  Result<Pane*> pane_of(std::int64_t start) {
    const auto found = panes_.find(start);
    if (found != panes_.end()) return &found->second;
    return &panes_.emplace(start, Pane{.keys = {}, .groups = KLEIN_TRY(Groups::make(*shape_))}).first->second;
  }

  /// False: all its windows are over.
  Result<bool> assign(const Keys& keys, std::size_t row, const std::vector<std::int64_t>& times, const Fired& fired,
                      std::map<std::int64_t, Assigned>& assigned) {
    const auto add_to = [&](std::int64_t start) -> Result<> {
      auto& pane = *KLEIN_TRY(pane_of(start));
      auto& rows = assigned[start];
      rows.rows.push_back(static_cast<std::int64_t>(row));
      rows.groups.push_back(pane.keys.add(keys[row], keys.hash(row)));
      return {};
    };
    if (!window_) {
      KLEIN_TRY(add_to(0));
      return true;
    }
    bool any = false;
    for (auto start = window_->last_start(times[row]); start > times[row] - window_->size; start -= window_->slide) {
      if (later(end(start), lateness_) <= fired.of(keys.group(row))) continue;
      any = true;
      KLEIN_TRY(add_to(start));
    }
    return any;
  }

  /// Groups of a window that has fired, and that got a row since.
  Result<> update(std::int64_t start, Pane& pane, std::vector<std::uint32_t> groups, const Fired& fired, const Emit& emit) {
    if (end(start) > fired.now() && !any_restored(pane, groups, start, fired)) return {};
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    std::vector<Entry> entries;
    for (const auto group : groups) {
      if (end(start) > fired.of(group_of(pane.keys.hash(group)))) continue;
      pane.fired[group] = 1;
      entries.push_back(entry(start, pane, group));
    }
    if (!entries.empty()) emit(KLEIN_TRY(pane.groups.results(*shape_, entries)));
    return {};
  }

  bool any_restored(const Pane& pane, const std::vector<std::uint32_t>& groups, std::int64_t start, const Fired& fired) const {
    return std::any_of(groups.begin(), groups.end(),
                       [&](std::uint32_t group) { return end(start) <= fired.of(group_of(pane.keys.hash(group))); });
  }

  Result<> fire_some(std::int64_t start, Pane& pane, const Emit& emit) {
    std::vector<Entry> entries;
    const auto until = std::min(pane.keys.size(), pane.next + rows_at_once);
    for (; pane.next < until; ++pane.next) {
      if (pane.fired[pane.next]) continue;
      entries.push_back(entry(start, pane, pane.next));
      pane.fired[pane.next] = 1;
    }
    if (!entries.empty()) emit(KLEIN_TRY(pane.groups.results(*shape_, entries)));
    return {};
  }

  Result<> load(std::int64_t start, const std::vector<std::int64_t>& own, const Batch& rows) {
    auto& pane = *KLEIN_TRY(pane_of(start));
    const auto saved = KLEIN_TRY(Saved::read(*shape_, KLEIN_TRY(rows.pick(own))));
    std::vector<std::uint32_t> groups;
    for (std::size_t row = 0; row < saved.keys.size(); ++row) groups.push_back(pane.keys.add(saved.keys[row], saved.keys.hash(row)));
    pane.fired.resize(pane.keys.size(), 0);
    for (std::size_t row = 0; row < groups.size(); ++row) pane.fired[groups[row]] = saved.fired[row] ? 1 : 0;
    return pane.groups.load(saved.gathered, groups, pane.keys.size());
  }

  const std::shared_ptr<const Shape> shape_;
  const std::optional<Window> window_;
  const std::int64_t lateness_;
  std::map<std::int64_t, Pane> panes_;  // by start
};

}  // namespace

std::unique_ptr<Windows> make_panes(std::shared_ptr<const Shape> shape, std::optional<Window> window,
                                    std::int64_t lateness) {
  return std::make_unique<Panes>(std::move(shape), window, lateness);
}

}  // namespace klein
