#pragma once
// Storing — puts what tasks gave for an epoch into the checkpoint, an object at a time, so that whoever does it may do
// other things between. Of rows that come late one object's are in memory. One thread at a time.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/epochs.h"

namespace klein {

class Storing {
 public:
  explicit Storing(Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  void add(int task, Epoch epoch, TaskSnapshot snapshot);
  bool empty() const { return pieces_.empty(); }
  struct Stored {
    int task;
    Epoch epoch;
    StoredSnapshot snapshot;
  };
  /// Stores one object at most, of `open`; what a task gave, once all of it is stored. An error is about the epoch,
  /// which can't hold: go on all the same. What could not be stored is in the task's next snapshot, before all else.
  Result<std::optional<Stored>> some(Epoch open);
  /// What is not stored yet will be with the next epoch: this one is given up.
  std::vector<Stored> give_up();

 private:
  /// What a task gave, and where its storing is.
  struct Piece {
    int task;
    Epoch epoch;
    StoredSnapshot stored;
    std::map<std::string, std::vector<Batch>> in_flight;
    std::map<std::string, State> left;                              // states, by step
    std::map<std::string, std::vector<StoredBatches>> tables = {};  // of the first of them, as far as they are stored
    std::map<std::string, std::vector<Batch>> batches = {};         // of it, to be stored
    std::deque<std::pair<std::string, std::shared_ptr<const LateRows>>> late = {};
    std::unique_ptr<LateRows::Reader> reader = nullptr;  // of the first of these
    bool begun = false;
    int number = 0;  // of objects
  };
  Result<> step(Piece& piece, Epoch open);
  void begin(Piece& piece);
  Result<> put(Piece& piece, Epoch open, const std::vector<Batch>& rows, std::vector<StoredBatches>& into);
  Result<> put_late(Piece& piece, Epoch open);
  void end(Piece& piece);
  void keep(Piece& piece);

  Checkpoint& checkpoint_;
  std::deque<Piece> pieces_;
  /// By task and step: what could not be stored, for the next epoch.
  std::map<std::pair<int, std::string>, State> unsaved_;
};

}  // namespace klein
