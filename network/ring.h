#pragma once
// Ring — messages of a fixed size from one process to another, through memory that both map. Neither side locks; what
// either needs of the other is an atomic word. Who reads sleeps on a futex, always with a time-out: the writer may be
// dead.

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace klein {

struct Message {
  std::uint32_t kind = 0, flags = 0;
  std::int64_t call = 0;
  std::int64_t offset = 0, size = 0;  // of a block with the rest
};

/// As it lies in shared memory, zeros at first.
struct RingMemory {
  static constexpr std::uint32_t capacity = 256;
  alignas(64) std::atomic<std::uint32_t> written;
  std::atomic<std::uint32_t> sleeping;
  alignas(64) std::atomic<std::uint32_t> read;
  alignas(64) std::array<Message, capacity> messages;
};

/// The writer's end. One thread.
class RingWriter {
 public:
  explicit RingWriter(RingMemory& memory) : memory_(memory) {}
  bool full() const;
  /// False: it is full. Wakes a reader that sleeps.
  bool write(const Message& message);

 private:
  RingMemory& memory_;
};

/// The reader's end. One thread.
class RingReader {
 public:
  explicit RingReader(RingMemory& memory) : memory_(memory) {}
  std::optional<Message> read();
  /// Sleeps until there is a message, or for so many milliseconds.
  void wait(int milliseconds) const;

 private:
  RingMemory& memory_;
};

}  // namespace klein
