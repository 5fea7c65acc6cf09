#include "network/shared_memory.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace klein {

namespace {

constexpr std::int64_t page = 4096;

Error refused(const char* what) {
  return Error(Code::resource, std::string("no shared memory for a worker process: ") + what + ": " +
                                   std::strerror(errno) + "; see `ulimit -a`, or run with isolation=\"thread\"");
}

}  // namespace

Result<std::shared_ptr<SharedMemory>> SharedMemory::make(std::int64_t size) {
  const int descriptor = memfd_create("klein", MFD_CLOEXEC);
  if (descriptor < 0) return refused("memfd_create");
  if (ftruncate(descriptor, size) != 0) {
    auto error = refused("ftruncate");
    close(descriptor);
    return error;
  }
  return map(descriptor);
}

Result<std::shared_ptr<SharedMemory>> SharedMemory::map(int descriptor) {
  struct stat status = {};
  void* begin = MAP_FAILED;
  if (fstat(descriptor, &status) == 0) {
    begin = mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                 descriptor, 0);
  }
  if (begin == MAP_FAILED) {
    auto error = refused("mmap");
    close(descriptor);
    return error;
  }
  madvise(begin, static_cast<std::size_t>(status.st_size), MADV_DONTDUMP);
  return std::shared_ptr<SharedMemory>(new SharedMemory(descriptor, static_cast<std::byte*>(begin), status.st_size));
}

SharedMemory::~SharedMemory() {
  munmap(begin_, static_cast<std::size_t>(size_));
  close(descriptor_);
}

void SharedMemory::discard(std::int64_t offset, std::int64_t size) const {
  const auto first = (offset + page - 1) / page * page, end = (offset + size) / page * page;
  if (end > first) madvise(begin_ + first, static_cast<std::size_t>(end - first), MADV_REMOVE);
}

}  // namespace klein
