#pragma once
// DisturbedStore — a job's disk as a world has it: writes are refused, torn, late or done with the answer lost, and
// nothing is written by a job that was killed.

#include "simulation/world.h"
#include "store/store.h"

namespace klein::simulation {

class DisturbedStore final : public Store {
 public:
  /// Both outlive this.
  DisturbedStore(Store& store, World& world) : store_(store), world_(world) {}
  Result<std::optional<Bytes>> read(const std::string& key) const override;
  Result<> put(const std::string& key, BytesView bytes) override;
  Result<bool> create(const std::string& key, BytesView bytes) override;
  Result<std::vector<std::string>> list(const std::string& prefix) const override;
  Result<> remove(const std::string& key) override;

 private:
  Error lost(const std::string& key) const { return world_.fault("the store did not answer for " + key); }

  Store& store_;
  World& world_;
};

}  // namespace klein::simulation
