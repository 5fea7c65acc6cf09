// The store in memory: for tests, and for a cut that is kept on its node.

#include <map>

#include "base/mutex.h"
#include "store/store.h"

namespace klein {

namespace {

class MemoryStore final : public Store {
 public:
  Result<std::optional<Bytes>> read(const std::string& key) const override {
    KLEIN_TRY(check_key(key));
    const Lock lock(mutex_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? std::optional<Bytes>() : std::optional(found->second);
  }
  Result<> put(const std::string& key, BytesView bytes) override {
    KLEIN_TRY(check_key(key));
    const Lock lock(mutex_);
    objects_[key] = Bytes(bytes);
    return {};
  }
  Result<bool> create(const std::string& key, BytesView bytes) override {
    KLEIN_TRY(check_key(key));
    const Lock lock(mutex_);
    return objects_.emplace(key, Bytes(bytes)).second;
  }
  Result<std::vector<std::string>> list(const std::string& prefix) const override {
    const Lock lock(mutex_);
    std::vector<std::string> keys;
    for (auto next = objects_.lower_bound(prefix); next != objects_.end() && next->first.starts_with(prefix); ++next) {
      keys.push_back(next->first);
    }
    return keys;
  }
  Result<> remove(const std::string& key) override {
    KLEIN_TRY(check_key(key));
    const Lock lock(mutex_);
    objects_.erase(key);
    return {};
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, Bytes> objects_ KLEIN_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace klein
