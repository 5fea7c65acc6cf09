#pragma once
// The values of Nexmark's events: each is made from the seed and the event's number alone, and can be made without the
// others.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "connectors/nexmark_events.h"

namespace klein {

/// The random numbers of an event, by their places.
struct NexmarkRandom {
  std::uint64_t seed;

  static NexmarkRandom of(std::uint64_t seed, std::int64_t number) {
    return {Random(seed ^ Random(static_cast<std::uint64_t>(number)).next()).next()};
  }
  std::uint64_t at(std::uint64_t place) const { return Random(seed + place * 0x9e3779b97f4a7c15U).next(); }
  /// In [0, bound).
  std::int64_t below(std::uint64_t place, std::int64_t bound) const {
    const auto product = static_cast<unsigned __int128>(at(place)) * static_cast<std::uint64_t>(bound);
    return static_cast<std::int64_t>(product >> 64U);
  }
};

struct NexmarkEvent {
  NexmarkEvent(const NexmarkRecipe& of, std::int64_t event)
      : recipe(of), number(event), random(NexmarkRandom::of(of.seed, event)) {}

  const NexmarkRecipe& recipe;
  std::int64_t number;
  NexmarkRandom random;
};

/// How one column's values are made: numbers, times in milliseconds since 1970, or texts.
struct NexmarkColumn {
  std::string_view name;
  std::int64_t (*number)(const NexmarkEvent&) = nullptr;
  /// Writes at `to` and returns where it ends; it may write up to `longest` bytes and seven.
  char* (*text)(const NexmarkEvent&, char* to) = nullptr;
  std::int64_t longest = 8;  // bytes
  bool is_time = false;
};

/// All columns of a kind, in their order.
const std::vector<NexmarkColumn>& nexmark_columns(NexmarkKind kind);

}  // namespace klein
