#pragma once
// available_cores — how many cores this process may use: the cgroup's quota and the affinity mask, at least 1.

namespace klein {

int available_cores();

}  // namespace klein
