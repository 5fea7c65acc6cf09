#pragma once
// Checkpoint — a job's sealed epochs in a store. The manifest, created where none is, is what seals an epoch: of two
// who write it one succeeds. Keys: manifest/EPOCH, committed/EPOCH, batches/EPOCH/NAME, attempt/NUMBER.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/snapshot.h"
#include "store/store.h"

namespace klein {

class Checkpoint {
 public:
  /// Claims the store and reads what an earlier attempt left. From here on no earlier attempt can seal an epoch.
  /// `unavailable` where another job holds it.
  static Result<std::unique_ptr<Checkpoint>> open(std::shared_ptr<Store> store);

  /// The newest sealed epoch that can be read.
  const std::optional<Manifest>& last() const { return last_; }
  /// Sealed epochs whose tokens may not be committed yet, in order.
  const std::vector<Manifest>& uncommitted() const { return uncommitted_; }
  /// What attempts, this one too, may have left behind, for their sinks to clear.
  const std::vector<Token>& residues() const { return residues_; }
  /// A sentence where a damaged epoch was passed over; else empty.
  const std::string& warning() const { return warning_; }

  /// Where sinks stage what they will show, under keys that begin with `staged/`.
  Store* store() const { return store_.get(); }
  /// Notes what this attempt may leave behind.
  Result<> begin_attempt(std::vector<Token> residues);
  Epoch next_epoch();  // never given before
  Result<StoredBatches> store(Epoch epoch, const std::string& name, const std::vector<Batch>& batches);
  Result<std::vector<Batch>> load(const StoredBatches& stored) const;
  /// Makes the epoch hold. Any error leaves it open whether it does: then `discard` decides.
  Result<> seal(const Manifest& manifest);
  /// Gives the epoch up; false: it is sealed all the same.
  Result<bool> discard(Epoch epoch);
  Result<> mark_committed(Epoch epoch);
  /// Removes what no restore needs: all but `keep` sealed epochs up to this one.
  Result<> forget_old(Epoch sealed, int keep = 2);
  /// Removes every epoch: nothing is left to go on from. What attempts left behind is still known.
  Result<> clear();
  /// Lets others have the store. Only what was read stays.
  void close() { store_.reset(); }
  /// The sinks have cleared what attempts left behind.
  Result<> forget_residues();

 private:
  explicit Checkpoint(std::shared_ptr<Store> store) : store_(std::move(store)) {}
  Result<> recover();
  Result<> end_other_epochs();
  Result<> read_manifests();
  Result<> read_residues();
  void note_sealed(const Manifest& manifest);

  std::shared_ptr<Store> store_;
  std::optional<Manifest> last_;
  std::vector<Manifest> uncommitted_;
  std::vector<Token> residues_;
  std::string warning_;
  std::int64_t next_ = 1, attempt_ = 1;
  std::vector<Epoch> sealed_;                      // in order
  std::map<Epoch, std::set<std::string>> tables_;  // by sealed epoch: where its rows by key are
};

}  // namespace klein
