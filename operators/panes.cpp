// Windows of one length: a pane each, with its keys and their aggregates; it is dropped whole. All time is one pane.

#include <map>

#include "operators/windows.h"
#include "state/key_table.h"

namespace klein {

namespace {

constexpr std::uint64_t few_rows = 1024;  // so many are always saved together
constexpr int most_parts = 255;           // savings of changes, behind one of all there is

struct Pane {
  KeyTable keys;
  Groups groups;
  std::vector<char> fired = {}, changed = {};  // of each group
  std::vector<char> unsaved = {};              // of each group: it is not as it was saved last
  std::uint32_t next = 0;                      // the first group that has not been looked at since the pane is due
};

class Panes final : public Windows {
 public:
  Panes(std::shared_ptr<const Shape> shape, std::optional<Window> window, Lateness late)
      : shape_(std::move(shape)), window_(window), lateness_(late.allowed), together_(late.together) {}

  Result<> add(const Batch& batch, const Keys& keys, const std::vector<std::int64_t>& times, const Fired& fired,
               std::vector<std::int64_t>& late, const Emit& emit) override {
    std::map<std::int64_t, Assigned> by_start;
    if (window_) {
      KLEIN_TRY(assign(keys, times, fired, late, by_start));
    } else {
      auto& pane = *KLEIN_TRY(pane_of(0));
      auto& all = by_start[0];
      for (std::size_t row = 0; row < keys.size(); ++row) put(keys, row, pane, all);
    }
    for (auto& [start, rows] : by_start) {
      auto& pane = panes_.at(start);
      rows.times = window_ ? &times : nullptr;
      KLEIN_TRY(pane.groups.add(batch, rows, pane.keys.size()));
      resize(pane);
      for (const auto group : rows.groups) pane.changed[group] = pane.unsaved[group] = 1;
      KLEIN_TRY(update(start, pane, rows.groups, fired, emit));
    }
    return {};
  }

  Result<bool> fire(const Fired& fired, const Emit& emit) override {
    for (auto entry = panes_.begin(); entry != panes_.end() && end(entry->first) <= fired.now(); ++entry) {
      auto& [start, pane] = *entry;
      const bool any = pane.next < pane.keys.size(), over = is_over(start, fired);
      if (any) KLEIN_TRY(fire_some(start, pane, emit));
      if (over && pane.next == pane.keys.size()) {
        KLEIN_TRY(give_changed(start, pane, true, emit));
        gone_ = start;
        panes_.erase(entry);
      }
      if (any || over) return true;
    }
    return false;
  }

  Result<> fire_early(const Emit& emit) override {
    for (auto& [start, pane] : panes_) KLEIN_TRY(give_changed(start, pane, false, emit));
    return {};
  }

  Result<> fire_late(const Emit& emit) override {
    for (auto& [start, pane] : panes_) KLEIN_TRY(give_changed(start, pane, true, emit));
    return {};
  }

  /// Changes are written behind what was there until they are as much again, as long as there is much.
  Result<Gathered> save() override {
    Gathered saved{.rows = {}, .since_last = whole_ >= few_rows && since_ <= whole_ && parts_ < most_parts};
    std::uint64_t rows = 0;
    for (auto& [start, pane] : panes_) {
      std::vector<Entry> entries;
      for (std::uint32_t group = 0; group < pane.keys.size(); ++group) {
        if (std::exchange(pane.unsaved[group], 0) || !saved.since_last) entries.push_back(entry_of(start, pane, group));
      }
      rows += entries.size();
      if (!entries.empty()) saved.rows.push_back(KLEIN_TRY(pane.groups.save(*shape_, entries)));
    }
    if (saved.since_last) saved.gone = gone_;
    since_ = saved.since_last ? since_ + rows : 0;
    whole_ = saved.since_last ? whole_ : rows;
    parts_ = saved.since_last ? parts_ + 1 : 0;
    return saved;
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
  /// Rows that follow each other and fall into the same windows, but for those that overlap in part.
  struct Run {
    std::size_t first, end;
    std::int64_t last_start;
  };

  std::int64_t end(std::int64_t start) const { return window_ ? later(start, window_->size) : end_of_time; }
  bool is_over(std::int64_t start, const Fired& fired) const {
    return fired.now() == end_of_time || later(end(start), lateness_) <= fired.now();
  }
  /// A change that waits is one that a restart gives out.
  Entry entry_of(std::int64_t start, const Pane& pane, std::uint32_t group) const {
    return {pane.keys.key(group), group, start, end(start), pane.fired[group] && !pane.changed[group]};
  }

  /// Groups that have changed since they were given out: of those that have fired, or of the others.
  Result<> give_changed(std::int64_t start, Pane& pane, bool fired, const Emit& emit) {
    std::vector<Entry> entries;
    for (std::uint32_t group = 0; group < pane.keys.size(); ++group) {
      if ((pane.fired[group] != 0) != fired || !std::exchange(pane.changed[group], 0)) continue;
      pane.unsaved[group] = 1;
      entries.push_back(entry_of(start, pane, group));
    }
    if (!entries.empty()) emit(KLEIN_TRY(pane.groups.results(*shape_, entries)));
    return {};
  }

  static void resize(Pane& pane) {
    pane.fired.resize(pane.keys.size(), 0);
    pane.changed.resize(pane.keys.size(), 0);
    pane.unsaved.resize(pane.keys.size(), 0);
  }

  Result<Pane*> pane_of(std::int64_t start) {
    const auto found = panes_.find(start);
    if (found != panes_.end()) return &found->second;
    return &panes_.emplace(start, Pane{.keys = {}, .groups = KLEIN_TRY(Groups::make(*shape_))}).first->second;
  }

  static void put(const Keys& keys, std::size_t row, Pane& pane, Assigned& rows) {
    rows.rows.push_back(static_cast<std::int64_t>(row));
    rows.groups.push_back(pane.keys.add(keys[row], keys.hash(row)));
  }

  /// Run by run, and of each its windows one by one, so that what belongs to a window is looked up once a run.
  Result<> assign(const Keys& keys, const std::vector<std::int64_t>& times, const Fired& fired,
                  std::vector<std::int64_t>& late, std::map<std::int64_t, Assigned>& by_start) {
    std::vector<char> taken(keys.size(), 0);
    for (std::size_t row = 0; row < keys.size();) {
      Run run{.first = row, .end = row, .last_start = window_->last_start(times[row])};
      const auto is_in = [&](std::int64_t time) {
        return time >= run.last_start && time - run.last_start < window_->slide;
      };
      while (run.end < keys.size() && is_in(times[run.end])) ++run.end;
      for (auto start = run.last_start; start > run.last_start - window_->size; start -= window_->slide)
        KLEIN_TRY(assign_to(start, run, keys, times, fired, taken, by_start));
      row = run.end;
    }
    for (std::size_t row = 0; row < keys.size(); ++row) {
      if (!taken[row]) late.push_back(static_cast<std::int64_t>(row));  // all its windows are over
    }
    return {};
  }

  Result<> assign_to(std::int64_t start, const Run& run, const Keys& keys, const std::vector<std::int64_t>& times,
                     const Fired& fired, std::vector<char>& taken, std::map<std::int64_t, Assigned>& by_start) {
    const auto over_at = later(end(start), lateness_);
    const bool may_be_over = over_at <= fired.latest();
    Pane* pane = nullptr;
    Assigned* rows = nullptr;
    for (auto row = run.first; row < run.end; ++row) {
      if (times[row] - start >= window_->size) continue;
      if (may_be_over && over_at <= fired.of(keys.group(row))) continue;
      if (!pane) {
        pane = KLEIN_TRY(pane_of(start));
        rows = &by_start[start];
      }
      put(keys, row, *pane, *rows);
      taken[row] = 1;
    }
    return {};
  }

  /// Groups whose window has fired, and that got a row since.
  Result<> update(std::int64_t start, Pane& pane, std::vector<std::uint32_t>& groups, const Fired& fired,
                  const Emit& emit) {
    if (end(start) > fired.latest() || together_) return {};
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    std::vector<Entry> entries;
    for (const auto group : groups) {
      if (end(start) > fired.of(group_of(pane.keys.hash(group)))) continue;
      pane.fired[group] = pane.unsaved[group] = 1;
      pane.changed[group] = 0;
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
      pane.fired[pane.next] = pane.unsaved[pane.next] = 1;
      pane.changed[pane.next] = 0;
    }
    if (!entries.empty()) emit(KLEIN_TRY(pane.groups.results(*shape_, entries)));
    return {};
  }

  /// Rows of one window.
  Result<> load(std::int64_t start, const Batch& rows) {
    auto& pane = *KLEIN_TRY(pane_of(start));
    const auto saved = KLEIN_TRY(Saved::read(*shape_, rows));
    std::vector<std::uint32_t> groups, replaced;
    const auto known = pane.keys.size();
    for (std::size_t row = 0; row < saved.keys.size(); ++row) {
      groups.push_back(pane.keys.add(saved.keys[row], saved.keys.hash(row)));
      if (groups.back() < known) replaced.push_back(groups.back());
    }
    pane.groups.clear(replaced);
    resize(pane);
    for (std::size_t row = 0; row < groups.size(); ++row) {
      pane.fired[groups[row]] = saved.fired[row] ? 1 : 0;
      pane.changed[groups[row]] = saved.fired[row] ? 0 : 1;
    }
    return pane.groups.load(saved.gathered, groups, pane.keys.size());
  }

  const std::shared_ptr<const Shape> shape_;
  const std::optional<Window> window_;
  const std::int64_t lateness_;
  const bool together_;
  std::map<std::int64_t, Pane> panes_;   // by start
  std::int64_t gone_ = before_all_time;  // the last that was dropped
  std::uint64_t whole_ = 0, since_ = 0;  // rows that were saved last as all there were, and as changes since
  int parts_ = 0;                        // saved since then
};

}  // namespace

std::unique_ptr<Windows> make_panes(std::shared_ptr<const Shape> shape, std::optional<Window> window, Lateness late) {
  return std::make_unique<Panes>(std::move(shape), window, late);
}

}  // namespace klein
