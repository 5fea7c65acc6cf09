#pragma once
// The one codec for rows outside this process: on the wire, in a snapshot, in a spill file. The format is in
// docs/formats/batch.md; what a version wrote, every later one reads.

#include "base/bytes.h"
#include "base/result.h"
#include "data/batch.h"

namespace klein {

/// The batch and its header, with its schema, so that it can be read alone.
Result<Bytes> encode(const Batch& batch);
/// `corrupt` where the bytes are not what `encode` wrote: cut off, changed, or of a later version.
Result<Batch> decode(BytesView bytes);

}  // namespace klein
