#include "checkpoint/checkpoint.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace klein {

namespace {

constexpr std::string_view tombstone = "klein discarded 1\n";

std::string key_of(const char* kind, std::int64_t number) {
  std::array<char, 48> key{};
  std::snprintf(key.data(), key.size(), "%s/%012lld", kind, static_cast<long long>(number));
  return key.data();
}

/// Epochs for which a tombstone stays behind: a manifest that was on its way when its epoch was given up may come late,
/// and in an empty slot it would be sealed.
constexpr std::int64_t tombstones_kept = 1000;

/// The number in "kind/NUMBER" or "kind/NUMBER/name".
std::int64_t number_of(const std::string& key) { return std::strtoll(key.c_str() + key.find('/') + 1, nullptr, 10); }

}  // namespace

Result<std::unique_ptr<Checkpoint>> Checkpoint::open(std::shared_ptr<Store> store) {
  std::unique_ptr<Checkpoint> made(new Checkpoint(std::move(store)));
  if (!KLEIN_TRY(made->store_->claim())) {
    return Error(Code::unavailable, "another job that runs now uses this checkpoint; stop it, or name another one");
  }
  KLEIN_TRY(made->recover());
  return made;
}

Result<> Checkpoint::recover() {
  KLEIN_TRY(end_other_epochs());
  KLEIN_TRY(read_manifests());
  return read_residues();
}

/// Who was before us may still be about to seal an epoch: one whose batches are here, or one that we know nothing of.
Result<> Checkpoint::end_other_epochs() {
  std::int64_t decided = 0;
  for (const auto& key : KLEIN_TRY(store_->list("manifest/"))) decided = std::max(decided, number_of(key));
  next_ = decided + 2;
  for (const auto& key : KLEIN_TRY(store_->list("batches/"))) next_ = std::max(next_, number_of(key) + 2);
  for (auto open = decided + 1; open < next_; ++open) (void)KLEIN_TRY(discard(Epoch{open}));
  return {};
}

Result<> Checkpoint::read_manifests() {
  std::int64_t committed = 0;
  for (const auto& key : KLEIN_TRY(store_->list("committed/"))) committed = std::max(committed, number_of(key));
  for (const auto& key : KLEIN_TRY(store_->list("manifest/"))) {
    const auto bytes = KLEIN_TRY(store_->read(key));
    if (!bytes || *bytes == tombstone) continue;
    auto manifest = decode_manifest(*bytes);
    const Epoch epoch{number_of(key)};
    if (!manifest.ok() && epoch.value <= committed) return std::move(manifest).error().while_doing("reading " + key);
    if (!manifest.ok()) {
      warning_ = key + " can't be read (" + manifest.error().message() + "), so the one before it is used";
      continue;
    }
    note_sealed(*manifest);
    last_ = *std::move(manifest);
    if (epoch.value > committed && last_->commits) uncommitted_.push_back(*last_);
  }
  return {};
}

void Checkpoint::note_sealed(const Manifest& manifest) {
  const auto place = std::lower_bound(sealed_.begin(), sealed_.end(), manifest.epoch);
  if (place != sealed_.end() && *place == manifest.epoch) return;
  sealed_.insert(place, manifest.epoch);
  auto& keys = tables_[manifest.epoch];
  for (const auto& [step, by_name] : manifest.tables) {
    for (const auto& [name, all] : by_name) {
      for (const auto& stored : all) keys.insert(stored.key);
    }
  }
}

Result<> Checkpoint::read_residues() {
  for (const auto& key : KLEIN_TRY(store_->list("attempt/"))) {
    attempt_ = std::max(attempt_, number_of(key) + 1);
    const auto bytes = KLEIN_TRY(store_->read(key));
    if (!bytes) continue;
    const auto left = KLEIN_TRY(decode_manifest(*bytes));
    residues_.insert(residues_.end(), left.tokens.begin(), left.tokens.end());
  }
  return {};
}

Result<> Checkpoint::begin_attempt(std::vector<Token> residues) {
  residues_.insert(residues_.end(), residues.begin(), residues.end());
  Manifest left;
  left.tokens = std::move(residues);
  return store_->put(key_of("attempt", attempt_), encode(left));
}

Epoch Checkpoint::next_epoch() { return Epoch{next_++}; }

Result<StoredBatches> Checkpoint::store(Epoch epoch, const std::string& name, const std::vector<Batch>& batches) {
  const auto bytes = KLEIN_TRY(encode(batches));
  StoredBatches stored{.key = key_of("batches", epoch.value) + "/" + name,
                       .batches = static_cast<std::int64_t>(batches.size()),
                       .rows = 0,
                       .bytes = static_cast<std::int64_t>(bytes.size())};
  for (const auto& batch : batches) stored.rows += batch.rows();
  KLEIN_TRY(store_->put(stored.key, bytes));
  return stored;
}

Result<std::vector<Batch>> Checkpoint::load(const StoredBatches& stored) const {
  const auto bytes = KLEIN_TRY(store_->read(stored.key));
  if (!bytes) return Error(Code::corrupt, "the checkpoint lacks " + stored.key);
  auto batches = decode_batches(*bytes);
  if (!batches.ok()) return std::move(batches).error().while_doing("reading " + stored.key);
  if (static_cast<std::int64_t>(batches->size()) != stored.batches)
    return Error(Code::corrupt, stored.key + " is cut off: it holds " + std::to_string(batches->size()) + " of " +
                                    std::to_string(stored.batches) + " batches");
  return batches;
}

Result<> Checkpoint::seal(const Manifest& manifest) {
  const auto key = key_of("manifest", manifest.epoch.value);
  const auto bytes = encode(manifest);
  if (!KLEIN_TRY(store_->create(key, bytes))) {
    const auto present = KLEIN_TRY(store_->read(key));
    if (present != bytes) {
      return Error(Code::unavailable, "another job has taken this checkpoint over: " + key + " is not of this one");
    }
  }
  note_sealed(manifest);
  return {};
}

Result<bool> Checkpoint::discard(Epoch epoch) {
  const auto key = key_of("manifest", epoch.value);
  if (KLEIN_TRY(store_->create(key, tombstone))) return true;
  const auto present = KLEIN_TRY(store_->read(key));
  if (present == tombstone) return true;
  const auto manifest = present ? decode_manifest(*present) : Error(Code::corrupt, "there is none");
  if (manifest.ok()) note_sealed(*manifest);  // whoever recovers says what is wrong with one that can't be read
  return false;
}

Result<> Checkpoint::mark_committed(Epoch epoch) { return store_->put(key_of("committed", epoch.value), "1"); }

Result<> Checkpoint::forget_old(Epoch sealed, int keep) {
  KLEIN_ASSERT(keep > 0);
  const auto place = std::find(sealed_.begin(), sealed_.end(), sealed);
  if (place == sealed_.end() || (place == sealed_.begin() && keep > 1)) return {};
  const auto kept = place - std::min<std::ptrdiff_t>(keep - 1, place - sealed_.begin());
  const auto first = kept->value;
  const auto guards = [&](const std::string& key, std::int64_t before) {
    const Epoch epoch{number_of(key)};
    const bool given_up = key.starts_with("manifest/") && !std::binary_search(sealed_.begin(), sealed_.end(), epoch);
    return given_up && before - epoch.value <= tombstones_kept;
  };
  tables_.erase(tables_.begin(), tables_.lower_bound(Epoch{first}));
  const auto is_needed = [&](const std::string& key) {
    return std::any_of(tables_.begin(), tables_.end(), [&](const auto& epoch) { return epoch.second.contains(key); });
  };
  for (const char* kind : {"manifest/", "batches/", "committed/"}) {
    for (const auto& key : KLEIN_TRY(store_->list(kind))) {
      if (number_of(key) < first && !guards(key, first) && !is_needed(key)) KLEIN_TRY(store_->remove(key));
    }
  }
  sealed_.erase(sealed_.begin(), kept);
  return {};
}

Result<> Checkpoint::clear() {
  // The newest manifest goes first: what is left of a removal that is cut off still restores.
  auto manifests = KLEIN_TRY(store_->list("manifest/"));
  std::reverse(manifests.begin(), manifests.end());
  for (const auto& key : manifests) KLEIN_TRY(store_->remove(key));
  for (const char* kind : {"committed/", "batches/"}) {
    for (const auto& key : KLEIN_TRY(store_->list(kind))) KLEIN_TRY(store_->remove(key));
  }
  last_.reset();
  uncommitted_.clear();
  sealed_.clear();
  tables_.clear();
  return {};
}

Result<> Checkpoint::forget_residues() {
  for (const auto& key : KLEIN_TRY(store_->list("attempt/"))) KLEIN_TRY(store_->remove(key));
  residues_.clear();
  return {};
}

}  // namespace klein
