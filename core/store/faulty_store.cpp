#include "store/faulty_store.h"

namespace klein {

namespace {
Error lost(const std::string& key) { return Error(Code::unavailable, "the store did not answer for " + key); }
}  // namespace

bool FaultyStore::fires(unsigned percent) const {
  const Lock lock(mutex_);
  const bool fired = random_.chance(percent);
  fired_ += fired ? 1 : 0;
  return fired;
}

int FaultyStore::fired() const {
  const Lock lock(mutex_);
  return fired_;
}

Result<std::optional<Bytes>> FaultyStore::read(const std::string& key) const {
  if (fires(faults_.read_refused)) return lost(key);
  return store_.read(key);
}

Result<> FaultyStore::put(const std::string& key, BytesView bytes) {
  if (fires(faults_.refused)) return lost(key);
  KLEIN_TRY(store_.put(key, bytes));
  if (fires(faults_.answer_lost)) return lost(key);
  return {};
}

Result<bool> FaultyStore::create(const std::string& key, BytesView bytes) {
  if (fires(faults_.refused)) return lost(key);
  const bool created = KLEIN_TRY(store_.create(key, bytes));
  if (fires(faults_.answer_lost)) return lost(key);
  return created;
}

Result<std::vector<std::string>> FaultyStore::list(const std::string& prefix) const {
  if (fires(faults_.read_refused)) return lost(prefix);
  return store_.list(prefix);
}

Result<> FaultyStore::remove(const std::string& key) {
  if (fires(faults_.refused)) return lost(key);
  return store_.remove(key);
}

}  // namespace klein
