#pragma once
// crc32 — the checksum (CRC-32, as zlib's) of what Klein writes for later.

#include <cstdint>

#include "base/bytes.h"

namespace klein {

std::uint32_t crc32(BytesView bytes);

}  // namespace klein
