#pragma once
// State — what a step remembers between two calls, as data: a value of the task's own, and rows by key. It is what
// snapshots hold; docs/formats/state.md says what the rows of the kinds look like.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/value.h"
#include "data/batch.h"

namespace klein {

/// Rows of a state that are read when they are stored or taken up, as memory may not hold them all. Any thread.
class LateRows {
 public:
  class Reader {
   public:
    virtual ~Reader() = default;
    /// The next ones, as many as memory has room for; nothing: that was all.
    virtual Result<std::optional<Batch>> next() = 0;
  };
  virtual ~LateRows() = default;
  /// All of them, in order; the same each time.
  virtual std::unique_ptr<Reader> read() const = 0;
  using Take = std::function<Result<>(Batch)>;
  Result<> each(const Take& take) const;
};

/// What is remembered by key takes so many bytes.
struct StateSize {
  std::int64_t memory = 0, disk = 0;
  std::int64_t keys = 0;  // roughly
};

struct State {
  State() = default;
  State(Value own) : value(std::move(own)) {}

  Value value = {};
  /// By name. Their first column is `group`, int32: the key group, by which rows find the task that has their key now.
  std::map<std::string, std::vector<Batch>> tables = {};
  /// More tables, whose rows come late. Of a kind that is `late`; a name is in one of the two.
  std::map<std::string, std::vector<std::shared_ptr<const LateRows>>> late = {};
  /// The tables hold what has changed since the last time, and are to be kept behind what they held then.
  bool since_last = false;
  /// This state, as it is once `later` has been taken of the same step.
  void follow(State later);
  bool empty() const { return value.is_null() && tables.empty() && late.empty() && !since_last; }
};

}  // namespace klein
