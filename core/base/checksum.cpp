#include "base/checksum.h"

#include <array>

namespace klein {

namespace {

constexpr std::array<std::uint32_t, 256> table = [] {
  std::array<std::uint32_t, 256> made{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    auto value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xedb88320U : 0U);
    made[i] = value;
  }
  return made;
}();

}  // namespace

std::uint32_t crc32(BytesView bytes) {
  auto value = ~0U;
  for (const char byte : bytes) value = table[(value ^ static_cast<unsigned char>(byte)) & 0xffU] ^ (value >> 8U);
  return ~value;
}

}  // namespace klein
