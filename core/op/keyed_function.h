#pragma once
// KeyedFunction — the user's code that remembers things by key and asks to be called later, as a step sees it. In a
// plan it is a recipe; each task makes an instance of its own, which is called by one thread at a time.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/batch.h"
#include "op/function.h"
#include "op/time_column.h"
#include "state/held_state.h"
#include "state/keys.h"

namespace klein {

class UserMetrics;

class KeyedInstance {
 public:
  virtual ~KeyedInstance() = default;
  /// Where it keeps what it remembers: of the rows that memory has no room for, `room` bytes, in `held`; null: there is
  /// room for all.
  struct Memory {
    std::shared_ptr<HeldState> held;
    std::int64_t room = 0;
  };
  /// Called first; what the code counts goes to `metrics`.
  virtual Result<> open(std::shared_ptr<UserMetrics> metrics, const Memory& memory) = 0;

  struct Rows {
    const Batch& batch;
    const Keys& keys;
    std::shared_ptr<const KeyCodec> codec;
    const TimeColumn* time;  // null where the step has none
    std::int64_t now;        // the job's clock
  };
  /// What the rows become. An error that a row caused names it.
  virtual Result<std::vector<Batch>> call(const Rows& rows) = 0;

  struct Rung {
    std::vector<Batch> batches;
    bool more = false;  // others are due
  };
  /// Rings timers that are due at `time` of the events, or `now` by the clock; some of them.
  virtual Result<Rung> ring(std::int64_t time, std::int64_t now) = 0;
  /// When the next timer by the clock is due; 0: there is none.
  virtual std::int64_t alarm() const = 0;

  /// By name, rows whose first column is `key`, binary: the key's bytes.
  using Tables = std::map<std::string, std::vector<Batch>>;
  struct Saved {
    Tables tables;
    std::map<std::string, std::shared_ptr<const LateRows>> late;  // tables, too
    bool since_last = false;                                      // only what has changed since the last time
  };
  virtual Result<Saved> snapshot(std::int64_t now) = 0;
  /// Adds rows of one table, behind those that were added before.
  virtual Result<> restore(const std::string& table, const Batch& rows, std::shared_ptr<const KeyCodec> codec,
                           std::int64_t now) = 0;
};

class KeyedFunction : public UserCode {
 public:
  virtual Result<std::unique_ptr<KeyedInstance>> instance() const = 0;
};

}  // namespace klein
