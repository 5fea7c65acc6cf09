#include "network/ring.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace klein {

namespace {

// Without FUTEX_PRIVATE_FLAG: the other side is another process.
void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t seen, int milliseconds) {
  const timespec limit = {milliseconds / 1000, (milliseconds % 1000) * 1'000'000L};
  syscall(SYS_futex, &word, FUTEX_WAIT, seen, &limit, nullptr, 0);
}

void wake_up(std::atomic<std::uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

}  // namespace

bool RingWriter::full() const {
  const auto used = memory_.written.load(std::memory_order_relaxed) - memory_.read.load(std::memory_order_acquire);
  return used >= RingMemory::capacity;
}

bool RingWriter::write(const Message& message) {
  if (full()) return false;
  const auto place = memory_.written.load(std::memory_order_relaxed);
  memory_.messages[place % RingMemory::capacity] = message;
  memory_.written.store(place + 1, std::memory_order_seq_cst);
  if (memory_.sleeping.load(std::memory_order_seq_cst) != 0) wake_up(memory_.written);
  return true;
}

std::optional<Message> RingReader::read() {
  const auto place = memory_.read.load(std::memory_order_relaxed);
  if (memory_.written.load(std::memory_order_acquire) == place) return std::nullopt;
  const auto message = memory_.messages[place % RingMemory::capacity];
  memory_.read.store(place + 1, std::memory_order_release);
  return message;
}

void RingReader::wait(int milliseconds) const {
  const auto seen = memory_.read.load(std::memory_order_relaxed);
  memory_.sleeping.store(1, std::memory_order_seq_cst);
  if (memory_.written.load(std::memory_order_seq_cst) == seen) sleep_on(memory_.written, seen, milliseconds);
  memory_.sleeping.store(0, std::memory_order_relaxed);
}

}  // namespace klein
