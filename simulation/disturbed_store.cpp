#include "simulation/disturbed_store.h"

#include <cstdlib>

namespace klein::simulation {

namespace {

bool begins_with(const std::string& key, std::string_view kind) { return std::string_view(key).starts_with(kind); }

}  // namespace

Result<std::optional<Bytes>> DisturbedStore::read(const std::string& key) const {
  if (world_.dead()) return lost(key);
  return store_.read(key);
}

Result<> DisturbedStore::put(const std::string& key, BytesView bytes) {
  world_.deliver_late();
  if (world_.dies_at(Moment::write)) return lost(key);
  if (world_.store_fails("write failed")) return lost(key);
  // What is torn may be read by nobody: whole objects alone are promised of the others.
  if (begins_with(key, "batches/") && world_.store_fails("write torn")) {
    KLEIN_TRY(store_.put(key, bytes.substr(0, bytes.size() / 2)));
    return lost(key);
  }
  if (begins_with(key, "batches/") && world_.store_fails("write late")) {
    world_.postpone([this_store = &store_, key, late = Bytes(bytes)] { (void)this_store->put(key, late); });
    return lost(key);
  }
  KLEIN_TRY(store_.put(key, bytes));
  if (world_.store_fails("reply lost")) return lost(key);
  return {};
}

Result<bool> DisturbedStore::create(const std::string& key, BytesView bytes) {
  world_.deliver_late();
  if (world_.dies_at(Moment::seal)) return lost(key);
  if (world_.store_fails("seal failed")) return lost(key);
  if (world_.store_fails("seal late")) {
    world_.postpone([this_store = &store_, key, late = Bytes(bytes)] { (void)this_store->create(key, late); });
    return lost(key);
  }
  const bool created = KLEIN_TRY(store_.create(key, bytes));
  if (created && bytes.starts_with("klein manifest"))
    world_.seal(Epoch{std::strtoll(key.c_str() + key.find('/') + 1, nullptr, 10)});
  if (world_.dies_at(Moment::sealed)) return lost(key);
  if (world_.store_fails("seal's reply lost")) return lost(key);
  return created;
}

Result<std::vector<std::string>> DisturbedStore::list(const std::string& prefix) const {
  if (world_.dead()) return lost(prefix);
  return store_.list(prefix);
}

Result<> DisturbedStore::remove(const std::string& key) {
  if (world_.dies_at(Moment::write)) return lost(key);
  if (world_.store_fails("removal failed")) return lost(key);
  return store_.remove(key);
}

}  // namespace klein::simulation
