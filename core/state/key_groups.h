#pragma once
// Key groups — keys fall into groups, and groups to tasks, so that state moves between tasks in whole groups when their
// number changes. Both are part of what checkpoints mean: they never change.

#include <cstdint>
#include <string_view>

namespace klein {

inline constexpr int key_groups = 720;  // divisible by every parallelism up to 6, and by many others

/// The same on every machine and in every version: docs/formats/state.md.
std::uint64_t hash_key(std::string_view key);

inline int group_of(std::uint64_t hash) { return static_cast<int>(hash % key_groups); }
inline int task_of(int group, int parallelism) { return group * parallelism / key_groups; }

}  // namespace klein
