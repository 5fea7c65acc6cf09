#pragma once
// StateRoom — a job's folder for rows by key that memory has no room for, and how much of it there is for each step. It
// is removed with this; what a process leaves that is killed, the next one removes. Constant after construction.

#include <cstdint>
#include <memory>
#include <string>

#include "op/registry.h"
#include "plan/views.h"

namespace klein {

class StateRoom {
 public:
  /// Below the folder for temporary files (TMPDIR). `memory`: bytes, of all tasks' steps together.
  static Result<std::unique_ptr<StateRoom>> make(std::int64_t memory, const PhysicalView& view,
                                                 const Registry& registry);
  StateRoom(const StateRoom&) = delete;
  StateRoom& operator=(const StateRoom&) = delete;
  ~StateRoom();

  /// The step's and task's share.
  void give(Context& context) const;

 private:
  StateRoom(std::string folder, int lock, std::int64_t share)
      : folder_(std::move(folder)), lock_(lock), share_(share) {}

  const std::string folder_;
  const int lock_;  // a file that is locked while this process has the folder
  const std::int64_t share_;
};

}  // namespace klein
