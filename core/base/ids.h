#pragma once
// Ids are types, not integers, so that an epoch is never passed where a task is meant.

#include <compare>
#include <cstdint>
#include <functional>

namespace klein {

template <typename Tag>
struct Id {
  std::int64_t value = 0;
  auto operator<=>(const Id&) const = default;
};

using Epoch = Id<struct EpochTag>;    // a snapshot's number; rises, never used again
using LeaseId = Id<struct LeaseTag>;  // an item a consumer has taken and not fully acknowledged; rises within a channel

}  // namespace klein

template <typename Tag>
struct std::hash<klein::Id<Tag>> {
  std::size_t operator()(klein::Id<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
