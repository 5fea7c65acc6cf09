#include "network/arena.h"

#include <algorithm>
#include <bit>

namespace klein {

namespace {

constexpr std::int64_t most_warm = 64 << 20;  // freed pages that are kept for the next ones
constexpr std::int64_t worth_discarding = 64 << 10;
constexpr std::size_t few = 8, many = 1024;

using Word = std::atomic<std::uint32_t>;
Word& word_of(const SharedMemory& memory, std::int64_t begin) { return *reinterpret_cast<Word*>(memory.at(begin)); }

/// Few sizes, a quarter apart at most, so that a freed block fits the next one of about its size.
std::int64_t rounded(std::int64_t size) {
  const auto least = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 4 * Arena::alignment));
  const auto step = std::bit_floor(least) / 4;
  return static_cast<std::int64_t>((least + step - 1) / step * step);
}

}  // namespace

Result<Block> Arena::allocate(std::int64_t size) {
  const auto whole = rounded(size + alignment);
  // Readers may hold many for long: all are looked at only now and then.
  sweep(live_.size() <= many || ++allocations_ % 256 == 0 ? live_.size() : few);
  std::int64_t begin = next_;
  if (const auto found = free_.find(whole); found != free_.end() && !found->second.empty()) {
    begin = found->second.back();
    found->second.pop_back();
    warm_ = std::max<std::int64_t>(warm_ - whole, 0);
  } else if (end_ - next_ < whole) {
    return Error(Code::resource, "the shared memory of a worker process is used up: " + std::to_string(held_ >> 20) +
                                     " MiB of it are held; give out smaller batches, or let go of earlier ones");
  } else {
    next_ += whole;
  }
  word_of(*memory_, begin).store(1, std::memory_order_relaxed);
  live_.push_back({begin, whole});
  held_ += whole;
  return Block{begin + alignment, size};
}

void Arena::sweep(std::size_t blocks) {
  for (; blocks > 0 && !live_.empty(); --blocks) {
    if (hand_ >= live_.size()) hand_ = 0;
    if (word_of(*memory_, live_[hand_].begin).load(std::memory_order_acquire) != 0) {
      ++hand_;
      continue;
    }
    keep_or_discard(live_[hand_]);
    live_[hand_] = live_.back();
    live_.pop_back();
  }
}

void Arena::keep_or_discard(const Live& freed) {
  held_ -= freed.size;
  free_[freed.size].push_back(freed.begin);
  if (warm_ + freed.size > most_warm && freed.size >= worth_discarding) {
    memory_->discard(freed.begin, freed.size);
  } else {
    warm_ += freed.size;
  }
}

void Arena::release(const SharedMemory& memory, const Block& block) {
  word_of(memory, block.offset - alignment).store(0, std::memory_order_release);
}

}  // namespace klein
