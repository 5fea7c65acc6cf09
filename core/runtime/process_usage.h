#pragma once
// What this process has used since it began.

#include <cstdint>

namespace klein {

double cpu_seconds_of_process();
/// Bytes resident at most.
std::int64_t peak_memory_of_process();

}  // namespace klein
