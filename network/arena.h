#pragma once
// Arena — blocks of shared memory. One process makes and fills them, the other reads them in place and lets go of them,
// on any thread, in any order, by one word at the block's beginning. Freed blocks are used again while their pages are
// warm.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "network/shared_memory.h"

namespace klein {

struct Block {
  std::int64_t offset = 0, size = 0;  // of what may be written, in the memory
};

/// The maker's side. One thread.
class Arena {
 public:
  static constexpr std::int64_t alignment = 64;
  Arena(std::shared_ptr<SharedMemory> memory, std::int64_t begin, std::int64_t end)
      : memory_(std::move(memory)), next_(begin), end_(end) {}
  Result<Block> allocate(std::int64_t size);
  /// It goes to nobody.
  void take_back(const Block& block) { release(*memory_, block); }
  std::byte* data(const Block& block) const { return memory_->at(block.offset); }
  /// What is in the reader's hands, in bytes.
  std::int64_t held() const { return held_; }

  /// The reader's side: the block may be used again. Any thread.
  static void release(const SharedMemory& memory, const Block& block);

 private:
  struct Live {
    std::int64_t begin, size;
  };
  void sweep(std::size_t blocks);
  void keep_or_discard(const Live& freed);

  const std::shared_ptr<SharedMemory> memory_;
  std::int64_t next_;  // all behind it was never used
  const std::int64_t end_;
  std::vector<Live> live_;
  std::size_t hand_ = 0;                                    // of live_, that is looked at next
  std::map<std::int64_t, std::vector<std::int64_t>> free_;  // by size: where they begin
  std::int64_t held_ = 0, warm_ = 0;
  std::int64_t allocations_ = 0;
};

}  // namespace klein
