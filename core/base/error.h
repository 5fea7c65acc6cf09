#pragma once
// Error — what went wrong, whose fault it is and where: a code, a message with static words first and values last, and
// the step and row that it concerns, added outwards as it travels. Small to return, immutable once shared.

#include <memory>
#include <string>
#include <string_view>

namespace klein {

/// Whose fault it is, which decides what a caller can do. One Python exception class each.
enum class Code {
  user,         // the user's own function raised; `cause` holds what it raised
  invalid,      // an argument, a schema or a value is wrong: change the program
  not_found,    // a file, column or kind that was named does not exist
  unavailable,  // a peer or service does not answer now: try again later
  io,           // the operating system refused a read or write
  corrupt,      // bytes that should be readable are not
  resource,     // memory, disk or a limit is used up
  internal,     // Klein is wrong: a bug to report
};

std::string_view to_string(Code code);

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message);

  Code code() const { return detail_->code; }
  /// The bare sentence, without step and row.
  const std::string& message() const { return detail_->message; }
  const std::string& step() const { return detail_->step; }
  const std::string& row() const { return detail_->row; }
  /// What the user's function raised, for the boundary that knows its type; else null.
  const std::shared_ptr<void>& cause() const { return detail_->cause; }

  /// Name the step or row that failed. The innermost name wins, so callers may add theirs without looking.
  Error at_step(std::string_view step) &&;
  Error at_row(std::string_view row) &&;
  Error because(std::shared_ptr<void> cause) &&;
  /// Prefix the message with what was being done: "opening photos.parquet: ...".
  Error while_doing(std::string_view what) &&;

  /// The whole sentence: `step 'decode', row photos/3.parquet:17: message`.
  std::string text() const;

 private:
  struct Detail {
    Code code;
    std::string message, step, row;
    std::shared_ptr<void> cause;
  };
  Detail& own();  // a copy of its own where the detail is shared

  std::shared_ptr<Detail> detail_;
};

}  // namespace klein
