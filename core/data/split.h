#pragma once
// Split — a part of a source that one reader reads alone, and how far it was read.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace klein {

/// Stable across restarts.
struct Split {
  std::string id;              // shown to people: "photos/3.parquet#2"
  Bytes position = {};         // where to read from, opaque; empty: from the start
  std::int64_t rows = -1;      // how many there are, where that is known before reading; else -1
  std::int64_t order = 0;      // its place in the source's order
  std::int64_t first_row = 0;  // the number of its first row in the file or table that the id names
  std::int64_t skip = 0;       // rows behind the position that went on before; the runtime drops them
  bool operator==(const Split&) const = default;
};

/// What a look at a source found, and where the next look goes on.
struct Found {
  std::vector<Split> splits;
  Bytes position;  // opaque, and small: it is part of every snapshot
};

}  // namespace klein
