// Windows that last as long as rows of a key come within a gap of each other: a row that falls between two joins them.

#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "operators/windows.h"

namespace klein {

namespace {

struct Session {
  std::int64_t start, end;  // of the last row's time and the gap
  std::uint32_t group;
  bool fired = false, changed = true;
  std::int64_t due = 0;  // when it is looked at next; it may have grown since
};

/// A key whose hash is known.
struct Hashed {
  std::string_view key;
  std::uint64_t hash;
};
struct ByBytes {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return static_cast<std::size_t>(hash_key(key)); }
  std::size_t operator()(const Hashed& hashed) const { return static_cast<std::size_t>(hashed.hash); }
};
struct SameBytes {
  using is_transparent = void;
  bool operator()(std::string_view one, std::string_view other) const { return one == other; }
  bool operator()(const Hashed& one, std::string_view other) const { return one.key == other; }
  bool operator()(std::string_view one, const Hashed& other) const { return one == other.key; }
};

/// The sessions of each key, apart from each other.
using Live = std::unordered_map<std::string, std::vector<Session>, ByBytes, SameBytes>;

/// When a session is looked at: to fire it, to drop one that has fired, or to find that it has grown.
struct Due {
  std::int64_t time, start;  // the session's
  const std::string* key;    // in Live, whose keys stay where they are
  bool operator<(const Due& other) const {
    return std::tie(time, start, *key) < std::tie(other.time, other.start, *other.key);
  }
};

class Sessions final : public Windows {
 public:
  Sessions(std::shared_ptr<const Shape> shape, std::int64_t gap, Lateness late)
      : shape_(std::move(shape)), gap_(gap), lateness_(late.allowed), together_(late.together) {}

  Result<> add(const Batch& batch, const Keys& keys, const std::vector<std::int64_t>& times, const Fired& fired,
               std::vector<std::int64_t>& late, const Emit& emit) override {
    if (!groups_) groups_ = KLEIN_TRY(Groups::make(*shape_));
    Assigned assigned{.rows = {}, .groups = {}, .times = &times};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> joined;
    std::set<std::string_view> touched;
    for (std::size_t row = 0; row < keys.size(); ++row) {
      const auto* key = assign(keys, row, times[row], fired.of(keys.group(row)), assigned, joined);
      if (!key) late.push_back(static_cast<std::int64_t>(row));
      if (key && later(times[row], gap_) <= fired.latest()) touched.insert(*key);
    }
    KLEIN_TRY(groups_->add(batch, assigned, next_group_));
    for (const auto& [from, to] : joined) {
      KLEIN_TRY(groups_->merge(from, to));
      free_.push_back(from);
    }
    return update(touched, fired, emit);
  }

  Result<bool> fire(const Fired& fired, const Emit& emit) override {
    std::vector<Entry> entries;
    std::vector<Due> over;
    std::vector<Due> kept;
    while (!due_.empty() && due_.begin()->time <= fired.now() && over.size() + kept.size() < results_at_once) {
      const auto due = *due_.begin();
      due_.erase(due_.begin());
      auto& session = session_of(due);
      if (due_time(session) != due.time) {  // it has grown
        enlist(*due.key, session);
        continue;
      }
      if (!session.fired || session.changed) entries.push_back(entry_of(*due.key, session));
      const bool is_over = fired.now() == end_of_time || later(session.end, lateness_) <= fired.now();
      (is_over ? over : kept).push_back(due);
    }
    if (!entries.empty()) emit(KLEIN_TRY(groups_->results(*shape_, entries)));
    for (const auto& due : kept) {
      auto& session = session_of(due);
      session.fired = true;
      session.changed = false;
      enlist(*due.key, session);
    }
    for (const auto& due : over) drop(due);
    return !over.empty() || !kept.empty();
  }

  Result<> fire_early(const Emit& emit) override { return give_changed(false, emit); }
  Result<> fire_late(const Emit& emit) override { return give_changed(true, emit); }

  Result<Gathered> save() override {
    std::vector<Entry> entries;
    for (const auto& due : due_) entries.push_back(entry_of(*due.key, session_of(due)));
    Gathered saved;
    if (!entries.empty()) saved.rows.push_back(KLEIN_TRY(groups_->save(*shape_, entries)));
    return saved;
  }

  Result<> load(const Batch& rows) override {
    if (!groups_) groups_ = KLEIN_TRY(Groups::make(*shape_));
    const auto saved = KLEIN_TRY(Saved::read(*shape_, rows));
    std::vector<std::uint32_t> groups;
    for (std::size_t row = 0; row < saved.keys.size(); ++row) {
      groups.push_back(new_group());
      auto& [key, sessions] = *live_.try_emplace(std::string(saved.keys[row])).first;
      const bool fired = saved.fired[row];
      sessions.push_back({saved.starts[row], saved.ends[row], groups.back(), fired, !fired});
      enlist(key, sessions.back());
    }
    return groups_->load(saved.gathered, groups, next_group_);
  }

 private:
  /// A change that waits is one that a restart gives out.
  Entry entry_of(const std::string& key, const Session& session) const {
    return {key, session.group, session.start, session.end, session.fired && !session.changed};
  }

  /// Sessions that have changed since they were given out: of those that have fired, or of the others.
  Result<> give_changed(bool fired, const Emit& emit) {
    std::vector<Entry> entries;
    for (const auto& due : due_) {
      auto& session = session_of(due);
      if (session.fired == fired && std::exchange(session.changed, false))
        entries.push_back(entry_of(*due.key, session));
    }
    if (!entries.empty()) emit(KLEIN_TRY(groups_->results(*shape_, entries)));
    return {};
  }
  std::int64_t due_time(const Session& session) const {
    return session.fired ? later(session.end, lateness_) : session.end;
  }
  void enlist(const std::string& key, Session& session) {
    session.due = due_time(session);
    due_.insert({session.due, session.start, &key});
  }
  void withdraw(const std::string& key, const Session& session) { due_.erase({session.due, session.start, &key}); }
  const Session& session_of(const Due& due) const {
    const auto& sessions = live_.find(*due.key)->second;
    return *std::find_if(
        sessions.begin(), sessions.end(), [&](const Session& session) { return session.start == due.start; });
  }
  Session& session_of(const Due& due) { return const_cast<Session&>(std::as_const(*this).session_of(due)); }

  std::uint32_t new_group() {
    if (free_.empty()) return next_group_++;
    const auto group = free_.back();
    free_.pop_back();
    return group;
  }

  /// The row's key, or null where the row is late. Sessions that the row joins become one.
  const std::string* assign(const Keys& keys, std::size_t row, std::int64_t time, std::int64_t fired,
                            Assigned& assigned, std::vector<std::pair<std::uint32_t, std::uint32_t>>& joined) {
    Session mine{.start = time, .end = later(time, gap_), .group = 0};
    auto found = live_.find(Hashed{keys[row], keys.hash(row)});
    const auto near = [&](const Session& other) { return mine.start <= other.end && other.start <= mine.end; };
    const auto met = found == live_.end() ? 0 : std::count_if(found->second.begin(), found->second.end(), near);
    if (met == 0 && later(mine.end, lateness_) <= fired) return nullptr;
    if (found == live_.end()) found = live_.try_emplace(std::string(keys[row])).first;
    auto& [key, sessions] = *found;
    auto* grown = met == 1 ? grow(*std::find_if(sessions.begin(), sessions.end(), near), mine) : nullptr;
    if (!grown) {
      mine.group = met == 0 ? new_group() : join(key, sessions, mine, joined);
      grown = &sessions.emplace_back(mine);
      enlist(key, *grown);
    }
    assigned.rows.push_back(static_cast<std::int64_t>(row));
    assigned.groups.push_back(grown->group);
    return &key;
  }

  /// The common case, a row that only makes its session last longer: when it is due will be seen then. Null: another.
  static Session* grow(Session& session, const Session& mine) {
    if (session.fired || mine.start < session.start) return nullptr;
    session.end = std::max(session.end, mine.end);
    session.changed = true;
    return &session;
  }

  /// Takes the sessions that `mine` meets into it; the group that they become.
  std::uint32_t join(const std::string& key, std::vector<Session>& sessions, Session& mine,
                     std::vector<std::pair<std::uint32_t, std::uint32_t>>& joined) {
    std::vector<std::uint32_t> groups;
    for (std::size_t i = 0; i < sessions.size();) {
      const auto other = sessions[i];
      if (mine.start > other.end || other.start > mine.end) {
        ++i;
        continue;
      }
      withdraw(key, other);
      mine.start = std::min(mine.start, other.start);
      mine.end = std::max(mine.end, other.end);
      groups.push_back(other.group);
      sessions.erase(sessions.begin() + static_cast<std::ptrdiff_t>(i));
      i = 0;  // longer now, it may meet one that it did not
    }
    for (std::size_t i = 1; i < groups.size(); ++i) joined.emplace_back(groups[i], groups[0]);
    return groups[0];
  }

  /// Of these keys, the sessions that are due already: they got a row after they, or what joined them, had fired.
  Result<> update(const std::set<std::string_view>& touched, const Fired& fired, const Emit& emit) {
    std::vector<Entry> entries;
    for (const auto name : touched) {
      auto& [key, sessions] = *live_.find(name);
      for (auto& session : sessions) {
        if (session.fired || session.end > fired.of(group_of(hash_key(key)))) continue;
        withdraw(key, session);
        session.fired = true;
        session.changed = together_;
        enlist(key, session);
        if (!together_) entries.push_back(entry_of(key, session));
      }
    }
    if (!entries.empty()) emit(KLEIN_TRY(groups_->results(*shape_, entries)));
    return {};
  }

  void drop(const Due& due) {
    const auto found = live_.find(*due.key);
    auto& sessions = found->second;
    const auto& session = session_of(due);
    groups_->clear({session.group});
    free_.push_back(session.group);
    sessions.erase(sessions.begin() + (&session - sessions.data()));
    if (sessions.empty()) live_.erase(found);
  }

  const std::shared_ptr<const Shape> shape_;
  const std::int64_t gap_, lateness_;
  const bool together_;
  std::optional<Groups> groups_;
  Live live_;
  std::set<Due> due_;  // every session once
  std::uint32_t next_group_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace

std::unique_ptr<Windows> make_sessions(std::shared_ptr<const Shape> shape, std::int64_t gap, Lateness late) {
  return std::make_unique<Sessions>(std::move(shape), gap, late);
}

}  // namespace klein
