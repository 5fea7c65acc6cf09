#include "state/key_groups.h"

#include <cstring>

namespace klein {

namespace {

std::uint64_t folded(std::uint64_t one, std::uint64_t other) {
  const auto product = static_cast<unsigned __int128>(one) * other;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t word(const char* bytes, std::size_t count) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, count);
  return value;
}

}  // namespace

std::uint64_t hash_key(std::string_view key) {
  constexpr std::uint64_t one = 0x9e3779b97f4a7c15ULL, other = 0xd6e8feb86659fd93ULL;
  auto hash = folded(key.size() ^ one, other);
  while (key.size() >= 8) {
    hash = folded(hash ^ word(key.data(), 8), one);
    key.remove_prefix(8);
  }
  if (!key.empty()) hash = folded(hash ^ word(key.data(), key.size()), other);
  return folded(hash, one);
}

}  // namespace klein
