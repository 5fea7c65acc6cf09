#pragma once
// FaultyStore — a store whose calls fail as a seed says: refused with nothing done, or done with the answer lost. For
// tests and simulation.

#include "base/mutex.h"
#include "base/random.h"
#include "store/store.h"

namespace klein {

struct StoreFaults {
  unsigned refused = 0, answer_lost = 0, read_refused = 0;  // percent of calls
};

class FaultyStore final : public Store {
 public:
  /// `store` outlives this.
  FaultyStore(Store& store, StoreFaults faults, std::uint64_t seed) : store_(store), faults_(faults), random_(seed) {}
  Result<bool> claim() override { return store_.claim(); }
  Result<std::optional<Bytes>> read(const std::string& key) const override;
  Result<> put(const std::string& key, BytesView bytes) override;
  Result<bool> create(const std::string& key, BytesView bytes) override;
  Result<std::vector<std::string>> list(const std::string& prefix) const override;
  Result<> remove(const std::string& key) override;
  int fired() const;  // how many calls failed so far

 private:
  bool fires(unsigned percent) const;

  Store& store_;
  const StoreFaults faults_;
  mutable Mutex mutex_;
  mutable Random random_ KLEIN_GUARDED_BY(mutex_);
  mutable int fired_ KLEIN_GUARDED_BY(mutex_) = 0;
};

}  // namespace klein
