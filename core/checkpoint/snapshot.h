#pragma once
// Snapshot — what a job leaves behind at an epoch, as values: what a task adds, and the manifest that all of it makes.
// Data only, nothing that is run when it is read. The format is in docs/formats/checkpoint.md.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/value.h"
#include "data/batch.h"
#include "data/split.h"
#include "state/state.h"

namespace klein {

/// What a sink's writer staged, and who makes it visible.
struct Token {
  std::string step, sink_kind;
  Bytes bytes;
  bool operator==(const Token&) const = default;
};

/// What a task adds to an epoch. Everything is named by steps, so that a restore at another parallelism, in other
/// chains, is only routing.
struct TaskSnapshot {
  std::map<std::string, std::vector<Batch>> in_flight =
      {};                                    // by edge: what came before the cut and is not done, in order
  std::map<std::string, State> states = {};  // by step
  std::map<std::string, std::vector<Split>> reading = {};     // by source: where its readers are
  std::map<std::string, std::vector<std::string>> read = {};  // by source: ids of splits that are read to their ends
  std::vector<Token> tokens = {};
};

/// Adds what a later cut of the same task holds.
void merge(TaskSnapshot& snapshot, TaskSnapshot later);

/// States of the same steps, taken later: what is not there is empty now.
void follow(std::map<std::string, State>& states, std::map<std::string, State> later);

/// Batches in the store.
struct StoredBatches {
  std::string key;
  std::int64_t batches = 0, rows = 0, bytes = 0;
  bool operator==(const StoredBatches&) const = default;
};

/// Rows of states by key: by step, then by the name that the step gives them.
using Tables = std::map<std::string, std::map<std::string, std::vector<StoredBatches>>>;

/// One sealed epoch.
struct Manifest {
  Epoch epoch = {};
  bool finished = false;  // the job's input has ended and all of it is in the tokens
  bool commits = false;   // the tokens are to be committed now; else with the last epoch
  std::vector<std::pair<std::string, std::string>> steps = {};       // names and kinds, of the plan as it ran
  std::map<std::string, std::vector<Split>> splits = {};             // by source: what is left to read
  std::map<std::string, Bytes> looked = {};                          // by source: how far it was looked at for splits
  std::map<std::string, std::vector<Value>> states = {};             // by step, one a task
  std::map<std::string, std::vector<StoredBatches>> in_flight = {};  // by edge
  Tables tables = {};
  std::vector<Token> tokens = {};
  bool operator==(const Manifest&) const = default;
};

Bytes encode(const Manifest& manifest);
/// `corrupt` where a byte is not as `encode` wrote it, or a later version did.
Result<Manifest> decode_manifest(BytesView bytes);

/// Batches one after the other.
Result<Bytes> encode(const std::vector<Batch>& batches);
Result<std::vector<Batch>> decode_batches(BytesView bytes);

}  // namespace klein
