#pragma once
// IntervalSide — the rows of one side of an interval join that may still find partners: by key, and of a key by time.
// A row is over once time has passed the last partner that it could have; rows that are over are given up together.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "op/time_column.h"
#include "operators/join_rows.h"
#include "operators/time_queue.h"
#include "state/key_table.h"

namespace klein {

class IntervalSide {
 public:
  /// `reach`: how much later than its own time the last partner of a row is; nanoseconds, perhaps negative.
  IntervalSide(std::vector<std::string> keys, std::string time, std::int64_t reach);

  /// Rows as they come, worked out: their keys, times, and which have no key.
  struct Read {
    Keys keys;
    std::vector<std::int64_t> times;
    std::vector<bool> without;  // empty: all have one
  };
  Result<Read> read(const Batch& batch) const;

  /// `matched`: which have had a partner. Of rows without a key too: they are over like the others.
  Result<> add(const Batch& batch, const Read& read, const std::vector<bool>& matched);
  /// Adds the rows of this key between two times, both included.
  void find(std::string_view key, std::uint64_t hash, std::int64_t from, std::int64_t to,
            std::vector<std::int64_t>& found);
  /// True: it had no partner before.
  bool match(std::int64_t row);
  bool is_over(std::int64_t time, std::int64_t now) const;
  /// Takes out some of the rows that are over at `now`; those that have had no partner, in ascending order. Nothing:
  /// none is over. They stay in `rows` until the next call of `tidy`.
  std::optional<std::vector<std::int64_t>> take_over(std::int64_t now, std::size_t most);
  /// Gives up the memory of rows that are over, once they are as many as the others.
  Result<> tidy();

  const JoinRows& rows() const { return rows_; }
  /// Rows of the step's state.
  Result<std::vector<Batch>> save() const;
  Result<> load(const std::vector<Batch>& state);

 private:
  /// Of a key: in the order of time up to `sorted`, then as they came.
  struct OfKey {
    std::vector<TimedRow> rows;
    std::size_t sorted = 0;
    void add(TimedRow row);
  };

  void index(std::uint32_t key, TimedRow row);

  const std::vector<std::string> keys_;
  const std::string time_;
  const std::int64_t reach_;
  JoinRows rows_;
  KeyTable table_;
  std::vector<OfKey> of_key_;
  std::vector<std::int64_t> key_of_;  // of each row; -1: it has none
  std::vector<bool> matched_;
  TimeQueue living_;
};

}  // namespace klein
