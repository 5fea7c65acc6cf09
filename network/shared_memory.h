#pragma once
// SharedMemory — memory that two processes map: a memfd, which has no name in any file system and is gone with its last
// user. It is reserved large and costs only the pages that are written.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"

namespace klein {

class SharedMemory {
 public:
  static Result<std::shared_ptr<SharedMemory>> make(std::int64_t size);
  /// What another process made, by the descriptor that it gave, which is closed with this.
  static Result<std::shared_ptr<SharedMemory>> map(int descriptor);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::byte* at(std::int64_t offset) const { return begin_ + offset; }
  std::int64_t size() const { return size_; }
  int descriptor() const { return descriptor_; }
  /// Gives the pages back that lie in this range; they read as zeros then.
  void discard(std::int64_t offset, std::int64_t size) const;

 private:
  SharedMemory(int descriptor, std::byte* begin, std::int64_t size)
      : descriptor_(descriptor), begin_(begin), size_(size) {}

  const int descriptor_;
  std::byte* const begin_;
  const std::int64_t size_;
};

}  // namespace klein
