#pragma once
// WorkerLink — one end of the way between the engine and a worker process: a ring of messages each way, with rows and
// bytes in blocks of the memory that both map. One thread an end; it knows nothing of processes.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "network/arena.h"
#include "network/ring.h"
#include "network/rows_in_place.h"

namespace klein {

enum class Say : std::uint32_t {
  load,     // to the worker: the function, as bytes
  rows,     // to the worker: call it with these
  stop,     // to the worker: end
  ready,    // from it: the function is loaded
  made,     // from it: some of what a call made
  done,     // from it: the call is over
  failed,   // from it: the call failed; an error as bytes
  refused,  // from it: the function can't be loaded; an error as bytes
};

/// The beginning of the shared memory; zeros at first.
struct WorkerControl {
  RingMemory to_worker, from_worker;
  alignas(64) std::atomic<std::uint32_t> rung;  // the bell has rung, and nobody has looked since
  std::atomic<std::int64_t> call, since;        // what the worker is at (0: nothing), and since when, nanoseconds
};

class WorkerLink {
 public:
  enum class Side { engine, worker };
  static Result<std::shared_ptr<SharedMemory>> make_memory();
  WorkerLink(std::shared_ptr<SharedMemory> memory, Side side);

  /// False: there is no room for it in the ring.
  bool send(Say say, std::int64_t call, Block block = {}) {
    return writer_.write({static_cast<std::uint32_t>(say), 0, call, block.offset, block.size});
  }
  Result<Block> put(const Batch& rows) { return rows_out_.write(rows); }
  Result<Block> put(std::string_view bytes) { return write_bytes(arena_, bytes); }
  std::optional<Message> receive() { return reader_.read(); }
  void wait(int milliseconds) const { reader_.wait(milliseconds); }
  Result<Batch> rows(const Message& message) { return rows_in_.read({message.offset, message.size}); }
  Result<std::string> bytes(const Message& message) { return read_bytes(*memory_, {message.offset, message.size}); }
  WorkerControl& control() const { return control_of(*memory_); }
  static WorkerControl& control_of(const SharedMemory& memory) {
    return *reinterpret_cast<WorkerControl*>(memory.at(0));
  }
  /// Bytes of this end's that the other one holds.
  std::int64_t held() const { return arena_.held(); }

 private:
  const std::shared_ptr<SharedMemory> memory_;
  RingWriter writer_;
  RingReader reader_;
  Arena arena_;
  RowsWriter rows_out_;
  RowsReader rows_in_;
};

/// An error as bytes, with what it was caused by as the worker's language stores it.
std::string to_bytes(const Error& error, std::string_view cause);
struct SentError {
  Error error;
  std::string cause;
};
Result<SentError> error_from(std::string_view bytes);

}  // namespace klein
