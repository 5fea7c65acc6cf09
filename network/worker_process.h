#pragma once
// WorkerProcess — a child process as the operating system has it: started by posix_spawn, never by a bare fork, in a
// process group of its own; what it prints comes by pipes, and its end by a pidfd. When this process dies, however it
// does, the child reads the end of its standard input and ends too.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace klein {

/// How a worker is started. Equal ones may share a process.
struct Launch {
  std::vector<std::string> command;
  std::vector<std::string> environment;  // "NAME=value", all of it
  std::string folder;                    // it works in; empty: this process's
  std::int64_t timeout = 0;              // of a call, nanoseconds; 0: none
  std::int64_t start_timeout = 0;        // until the function is loaded; 0: none
  std::int64_t max_calls = 0;            // then another takes its place; 0: never
  std::int64_t lifetime = 0;             // the same, nanoseconds
  std::int64_t memory = 0;               // bytes it may have in memory; 0: any number
  bool operator==(const Launch&) const = default;
};

class WorkerProcess {
 public:
  // What the child finds, beside the standard ones.
  static constexpr int memory_descriptor = 3, bell_descriptor = 4;

  static Result<std::unique_ptr<WorkerProcess>> start(const Launch& launch, int memory, int bell);
  ~WorkerProcess();  // kills it, where it has not ended
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int pid() const { return pid_; }
  int ended_descriptor() const { return pidfd_; }  // readable once it has ended
  int output() const { return output_; }           // what it prints; not blocking
  int errors() const { return errors_; }
  void kill() const;
  /// How it ended: "was killed by signal 9 (Killed)"; nothing: it has not.
  std::optional<std::string> ended();
  /// Bytes that it has in memory, those that it shares left out.
  std::int64_t memory() const;

 private:
  WorkerProcess() = default;

  int pid_ = -1, pidfd_ = -1, input_ = -1, output_ = -1, errors_ = -1;
  std::optional<std::string> ended_;
};

}  // namespace klein
