#include "simulation/world.h"

#include <algorithm>
#include <utility>

#include "base/checksum.h"

namespace klein::simulation {

namespace {
constexpr std::string_view fault_words = "a simulated fault: ";
constexpr int last_disturbed_attempt = 20;  // then the world is mended, so that the job comes to its end
}  // namespace

std::string_view to_string(Moment moment) {
  static constexpr std::array<std::string_view, moment_count> names = {
      "killed at any moment", "killed while storing",   "killed while staging",  "killed before a seal",
      "killed behind a seal", "killed before a commit", "killed behind a commit"};
  return names[static_cast<std::size_t>(moment)];
}

World::World(std::uint64_t seed, Faults faults, Span span) : random_(seed), faults_(faults), span_(span) {
  // Drawn whatever is allowed, so that the same seed without one kind of fault is much the same world.
  const auto kills = 1 + static_cast<int>(random_.below(4));
  const auto slow = static_cast<unsigned>(random_.below(20));
  const auto store = random_.chance(60) ? 1 + static_cast<unsigned>(random_.below(12)) : 0U;
  const bool jumps = random_.chance(30);
  if (faults.kill) kills_left_ = kills;
  if (faults.slow) slow_percent_ = slow;
  if (faults.store) store_percent_ = store;
  clock_jumps_ = faults.clock && jumps;
}

void World::begin_attempt() {
  ++attempts_;
  dead_ = false;
  turns_ = 0;
  killed_at_.reset();
  if (kills_left_ == 0 || attempts_ > last_disturbed_attempt) return;
  --kills_left_;
  ++kills_planned_;
  killed_at_ = random_.chance(50) ? Moment::turn : static_cast<Moment>(1 + random_.below(moment_count - 1));
  const auto most = killed_at_ == Moment::turn ? std::max<std::int64_t>(span_.turns, 1) : 4;
  killed_after_ = 1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most)));
}

std::optional<std::int64_t> World::before_turn(std::int64_t now) {
  now_ = now;
  ++turns_;
  note(static_cast<std::uint64_t>(now));
  if (dies_at(Moment::turn)) return std::nullopt;
  if (!clock_jumps_ || attempts_ > last_disturbed_attempt || !random_.chance(1)) return 0;
  ++fired_["clock jumped"];
  return 1'000'000'000 * (1 + static_cast<std::int64_t>(random_.below(3600)));
}

bool World::dies_at(Moment moment) {
  if (dead_ || killed_at_ != moment) return dead_;
  if (--killed_after_ <= 0) die(moment);
  return dead_;
}

void World::die(Moment moment) {
  dead_ = true;
  ++kills_;
  ++fired_[std::string(to_string(moment))];
  note(static_cast<std::uint64_t>(moment) + 1);
}

std::int64_t World::delay() {
  if (slow_percent_ == 0 || attempts_ > last_disturbed_attempt || !random_.chance(slow_percent_)) return 0;
  ++fired_["slow call"];
  const auto time = 1 + static_cast<std::int64_t>(random_.below(5'000'000));
  return random_.chance(2) ? 1000 * time : time;
}

bool World::store_fails(const char* how) {
  if (store_percent_ == 0 || attempts_ > last_disturbed_attempt || !random_.chance(store_percent_)) return false;
  ++fired_[how];
  return true;
}

Error World::fault(const std::string& what) { return Error(Code::unavailable, std::string(fault_words) + what); }

bool World::is_fault(const Error& error) const { return error.text().find(fault_words) != std::string::npos; }

void World::deliver_late() {
  std::erase_if(late_, [&](const std::function<void()>& write) {
    if (!random_.chance(30)) return false;
    write();
    return true;
  });
}

void World::stage(const std::string& token, const std::string& step, Rows rows) {
  staged_[token] = {step, std::move(rows)};
}

void World::seal(Epoch epoch) {
  if (epoch.value <= sealed_epoch_ && disorder_.empty())
    disorder_ = "epoch " + std::to_string(epoch.value) + " was sealed behind " + std::to_string(sealed_epoch_);
  sealed_epoch_ = std::max(sealed_epoch_, epoch.value);
}

Result<> World::show(const std::string& token, Epoch epoch) {
  if (committed_.contains(token)) return {};
  const auto found = staged_.find(token);
  if (found == staged_.end()) return Error(Code::corrupt, "what the sink had staged is gone: " + token);
  if (epoch.value < shown_epoch_ && disorder_.empty())
    disorder_ = "epoch " + std::to_string(epoch.value) + " was committed behind " + std::to_string(shown_epoch_);
  shown_epoch_ = std::max(shown_epoch_, epoch.value);
  auto& shown = shown_[found->second.step];
  for (const auto& [row, count] : found->second.rows) {
    shown[row] += count;
    note(crc32(row));
  }
  committed_.insert(token);
  staged_.erase(found);
  return {};
}

void World::drop(const std::string& beginning) {
  std::erase_if(staged_, [&](const auto& entry) { return entry.first.starts_with(beginning); });
}

std::int64_t World::faults() const {
  std::int64_t all = 0;
  for (const auto& [name, count] : fired_) all += count;
  return all;
}

}  // namespace klein::simulation
