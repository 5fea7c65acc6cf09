// A keyed store in memory: for tests, and what the one on disk is compared with.

#include <map>
#include <utility>

#include "state/keyed_store.h"

namespace klein {

namespace {

using Entries = std::map<Bytes, Bytes, std::less<>>;

class MemoryCursor final : public KeyedCursor {
 public:
  MemoryCursor(std::shared_ptr<const Entries> entries, BytesView prefix)
      : entries_(std::move(entries)), prefix_(prefix), next_(entries_->lower_bound(prefix)) {}
  Result<bool> next() override {
    if (next_ == entries_->end() || next_->first.compare(0, prefix_.size(), prefix_) != 0) return false;
    at_ = next_++;
    return true;
  }
  BytesView key() const override { return at_->first; }
  BytesView value() const override { return at_->second; }

 private:
  const std::shared_ptr<const Entries> entries_;
  const Bytes prefix_;
  Entries::const_iterator next_, at_;
};

class MemoryView final : public KeyedView {
 public:
  explicit MemoryView(std::shared_ptr<const Entries> entries) : entries_(std::move(entries)) {}
  Result<std::vector<std::optional<Bytes>>> get(const std::vector<Bytes>& keys) const override {
    std::vector<std::optional<Bytes>> values;
    for (const auto& key : keys) {
      const auto found = entries_->find(key);
      values.push_back(found == entries_->end() ? std::nullopt : std::optional(found->second));
    }
    return values;
  }
  std::unique_ptr<KeyedCursor> scan(BytesView prefix) const override {
    return std::make_unique<MemoryCursor>(entries_, prefix);
  }

 private:
  const std::shared_ptr<const Entries> entries_;
};

class MemoryKeyedStore final : public KeyedStore {
 public:
  explicit MemoryKeyedStore(KeyedStoreOptions options) : options_(std::move(options)) {}
  Result<std::vector<std::optional<Bytes>>> get(const std::vector<Bytes>& keys) const override {
    return MemoryView(entries_).get(keys);
  }
  std::unique_ptr<KeyedCursor> scan(BytesView prefix) const override { return MemoryView(entries_).scan(prefix); }
  Result<> write(const std::vector<Change>& changes) override {
    auto& entries = own();
    for (const auto& [key, value] : changes) {
      if (value)
        entries[key] = *value;
      else
        entries.erase(key);
    }
    return {};
  }
  Result<> remove(BytesView prefix) override {
    auto& entries = own();
    auto entry = entries.lower_bound(prefix);
    while (entry != entries.end() && entry->first.compare(0, prefix.size(), prefix) == 0) entry = entries.erase(entry);
    return {};
  }
  std::shared_ptr<const KeyedView> view() override { return std::make_shared<MemoryView>(entries_); }
  StateSize size() const override {
    StateSize size;
    for (const auto& [key, value] : *entries_) size.memory += static_cast<std::int64_t>(key.size() + value.size());
    size.keys = static_cast<std::int64_t>(entries_->size());
    return size;
  }

 private:
  /// Copied where a view still has them.
  Entries& own() {
    if (entries_.use_count() > 1) entries_ = std::make_shared<Entries>(*entries_);
    return *entries_;
  }

  const KeyedStoreOptions options_;
  std::shared_ptr<Entries> entries_ = std::make_shared<Entries>();
};

}  // namespace

std::shared_ptr<KeyedStore> make_memory_keyed_store(KeyedStoreOptions options) {
  return std::make_shared<MemoryKeyedStore>(std::move(options));
}

}  // namespace klein
