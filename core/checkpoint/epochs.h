#pragma once
// Epochs — the books of a job's snapshots: what is left to read, what is staged, who has answered in the open epoch.
// One epoch is open at a time. No clock, no store, no threads.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/protocol.h"
#include "checkpoint/snapshot.h"

namespace klein {

/// A task's snapshot once its batches are in the store.
struct StoredSnapshot {
  TaskSnapshot facts;  // its batches gone
  std::map<std::string, std::vector<StoredBatches>> in_flight = {};
  Tables tables = {};
};

class Epochs {
 public:
  /// `commits`: each epoch's tokens are committed when it is sealed; else they are held, and all are with the last.
  Epochs(std::map<std::string, std::vector<Split>> splits, std::vector<Token> held, bool commits);

  /// A look at a source has ended at `found.position`. Manifests that are made from now on have both, those before
  /// neither; no reader may have the splits earlier.
  void found(const std::string& source, const Found& found);

  void begin(Epoch epoch, std::set<int> tasks);
  bool is_open() const { return open_.has_value(); }
  Epoch open() const { return *open_; }
  /// A task's cut of `epoch`. Of an epoch that was given up: what it read and staged joins the next.
  void stored(int task, Epoch epoch, StoredSnapshot snapshot);
  /// What a task leaves when it ends, after its cut of the epoch before `epoch`: it counts in that one and all later.
  void gone(int task, Epoch epoch, TaskSnapshot last);
  void write_failed() { failed_ = true; }

  /// About the open epoch, which is not sealed yet.
  Verdict verdict(bool running) const;
  /// The open epoch's, as it stands.
  Manifest manifest() const;
  void sealed();
  void discarded();
  /// Staged and not in a sealed epoch that commits.
  std::vector<Token> tokens() const;

 private:
  struct Report {
    int task;
    Epoch epoch;
    StoredSnapshot snapshot;
    bool ended = false;
  };
  std::vector<const Report*> counted() const;
  void apply_tables(std::map<int, Tables>& tables) const;
  std::map<std::string, std::vector<Split>> splits_;  // left to read, by the last sealed epoch
  std::map<std::string, Bytes> looked_;               // by source: where the last look ended
  std::vector<Token> held_;
  const bool commits_;
  std::optional<Epoch> open_;
  std::set<int> missing_;
  std::vector<Report> reports_;   // since the last sealed epoch
  std::map<int, Tables> tables_;  // by task, of those that run, by the last sealed epoch
  struct Ended {
    Epoch epoch;
    std::map<std::string, State> states;
  };
  std::vector<Ended> ended_;  // what steps of ended tasks know, but for rows by key, which were all given out at the
                              // end: part of every epoch from then on
  bool failed_ = false;
};

}  // namespace klein
