// Windows of one length: a pane each, with its keys and their aggregates; it is dropped whole. All time is one pane.

#include <map>

#include "operators/windows.h"
#include "state/key_table.h"

namespace klein {

namespace {

struct Pane {
  KeyTable keys;
  Groups groups;
  std::vector<char> fired = {}, changed = {};  // of each group
  std::uint32_t next = 0;                      // the first group that has not been looked at since the pane is due
};

class Panes final : public Windows {
 public:
  Panes(std::shared_ptr<const Shape> shape, std::optional<Window> window, std::int64_t lateness)
      : shape_(std::move(shape)), window_(window), lateness_(lateness) {}

  Result<> add(const Batch& batch, const Keys& keys, const std::vector<std::int64_t>& times, const Fired& fired,
               std::vector<std::int64_t>& late, const Emit& emit) override {
    Assignment assignment;
    for (std::size_t row = 0; row < keys.size(); ++row) {
      if (!KLEIN_TRY(assign(keys, row, times, fired, assignment))) late.push_back(static_cast<std::int64_t>(row));
    }
    for (auto& [start, rows] : assignment.by_start) {
      auto& pane = panes_.at(start);
      rows.times = window_ ? &times : nullptr;
      KLEIN_TRY(pane.groups.add(batch, rows, pane.keys.size()));
      resize(pane);
      for (const auto group : rows.groups) pane.changed[group] = 1;
      KLEIN_TRY(update(start, pane, rows.groups, fired, emit));
    }
    return {};
  }

  Result<bool> fire(const Fired& fired, const Emit& emit) override {
    for (auto entry = panes_.begin(); entry != panes_.end() && end(entry->first) <= fired.now(); ++entry) {
      auto& [start, pane] = *entry;
      const bool any = pane.next < pane.keys.size(), over = is_over(start, fired);
      if (any) KLEIN_TRY(fire_some(start, pane, emit));
      if (over && pane.next == pane.keys.size()) panes_.erase(entry);
      if (any || over) return true;
    }
    return false;
  }

  Result<> fire_early(const Emit& emit) override {
    for (auto& [start, pane] : panes_) {
      std::vector<Entry> entries;
      for (std::uint32_t group = 0; group < pane.keys.size(); ++group) {
        if (std::exchange(pane.changed[group], 0) && !pane.fired[group])
          entries.push_back(entry_of(start, pane, group));
      }
      if (!entries.empty()) emit(KLEIN_TRY(pane.groups.results(*shape_, entries)));
    }
    return {};
  }

  Result<std::vector<Batch>> save() const override {
    std::vector<Batch> all;
    for (const auto& [start, pane] : panes_) {
      std::vector<Entry> entries;
      for (std::uint32_t group = 0; group < pane.keys.size(); ++group) entries.push_back(entry_of(start, pane, group));
      if (!entries.empty()) all.push_back(KLEIN_TRY(pane.groups.save(*shape_, entries)));
    }
    return all;
  }

  Result<> load(const Batch& rows) override {
    const auto saved = KLEIN_TRY(Saved::read(*shape_, rows));
    std::map<std::int64_t, std::vector<std::int64_t>> by_start;
    for (std::size_t row = 0; row < saved.keys.size(); ++row)
      by_start[saved.starts[row]].push_back(static_cast<std::int64_t>(row));
    for (const auto& [start, own] : by_start) KLEIN_TRY(load(start, KLEIN_TRY(rows.pick(own))));
    return {};
  }

 private:
  /// Rows of a batch by the starts of their windows, and the window of the row before.
  struct Assignment {
    std::map<std::int64_t, Assigned> by_start;
    std::int64_t start = before_all_time;
    Pane* pane = nullptr;
    Assigned* rows = nullptr;
  };

  std::int64_t end(std::int64_t start) const { return window_ ? later(start, window_->size) : end_of_time; }
  bool is_over(std::int64_t start, const Fired& fired) const {
    return fired.now() == end_of_time || later(end(start), lateness_) <= fired.now();
  }
  Entry entry_of(std::int64_t start, const Pane& pane, std::uint32_t group) const {
    return {pane.keys.key(group), group, start, end(start), pane.fired[group] != 0};
  }

  static void resize(Pane& pane) {
    pane.fired.resize(pane.keys.size(), 0);
    pane.changed.resize(pane.keys.size(), 0);
  }

  Result<Pane*> pane_of(std::int64_t start) {
    const auto found = panes_.find(start);
    if (found != panes_.end()) return &found->second;
    return &panes_.emplace(start, Pane{.keys = {}, .groups = KLEIN_TRY(Groups::make(*shape_))}).first->second;
  }

  Result<> assign_to(std::int64_t start, const Keys& keys, std::size_t row, Assignment& assignment) {
    if (!assignment.pane || assignment.start != start) {
      assignment.start = start;
      assignment.pane = KLEIN_TRY(pane_of(start));
      assignment.rows = &assignment.by_start[start];
    }
    assignment.rows->rows.push_back(static_cast<std::int64_t>(row));
    assignment.rows->groups.push_back(assignment.pane->keys.add(keys[row], keys.hash(row)));
    return {};
  }

  /// False: all its windows are over.
  Result<bool> assign(const Keys& keys, std::size_t row, const std::vector<std::int64_t>& times, const Fired& fired,
                      Assignment& assignment) {
    if (!window_) {
      KLEIN_TRY(assign_to(0, keys, row, assignment));
      return true;
    }
    bool any = false;
    for (auto start = window_->last_start(times[row]); start > times[row] - window_->size; start -= window_->slide) {
      if (later(end(start), lateness_) <= fired.of(keys.group(row))) continue;
      any = true;
      KLEIN_TRY(assign_to(start, keys, row, assignment));
    }
    return any;
  }

  /// Groups whose window has fired, and that got a row since.
  Result<> update(std::int64_t start, Pane& pane, std::vector<std::uint32_t>& groups, const Fired& fired,
                  const Emit& emit) {
    if (end(start) > fired.latest()) return {};
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    std::vector<Entry> entries;
    for (const auto group : groups) {
      if (end(start) > fired.of(group_of(pane.keys.hash(group)))) continue;
      pane.fired[group] = 1;
      entries.push_back(entry_of(start, pane, group));
    }
    if (!entries.empty()) emit(KLEIN_TRY(pane.groups.results(*shape_, entries)));
    return {};
  }

  Result<> fire_some(std::int64_t start, Pane& pane, const Emit& emit) {
    std::vector<Entry> entries;
    const auto until = std::min(pane.keys.size(), pane.next + results_at_once);
    for (; pane.next < until; ++pane.next) {
      if (pane.fired[pane.next]) continue;
      entries.push_back(entry_of(start, pane, pane.next));
      pane.fired[pane.next] = 1;
    }
    if (!entries.empty()) emit(KLEIN_TRY(pane.groups.results(*shape_, entries)));
    return {};
  }

  /// Rows of one window.
  Result<> load(std::int64_t start, const Batch& rows) {
    auto& pane = *KLEIN_TRY(pane_of(start));
    const auto saved = KLEIN_TRY(Saved::read(*shape_, rows));
    std::vector<std::uint32_t> groups;
    for (std::size_t row = 0; row < saved.keys.size(); ++row)
      groups.push_back(pane.keys.add(saved.keys[row], saved.keys.hash(row)));
    resize(pane);
    for (std::size_t row = 0; row < groups.size(); ++row) {
      pane.fired[groups[row]] = saved.fired[row] ? 1 : 0;
      pane.changed[groups[row]] = 1;
    }
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
