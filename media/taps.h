#pragma once
// Taps — a resize along one axis as a table: of which input samples each output sample is made, with which weights.
// The weights are Pillow's (a filter around the output's centre, widened by the factor of shrinking, cut at the edges).

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "media/image.h"

namespace klein {

/// An axis to resize from `from` to `to`, where a picture of `samples`, `factor` times coarser, stands for one of
/// `from`: a sample is repeated, or where `smooth` (for a factor of 2) blended 3:1 with its neighbour, as decoders make
/// chroma.
struct Axis {
  int samples = 0, factor = 1, from = 0, to = 0;
  bool smooth = false;
  auto operator<=>(const Axis&) const = default;
};

/// The same table for vector units that pick bytes by shuffling: eight outputs at a time, four from each of two loads
/// of 16 bytes. Empty where four outputs need more than that.
struct Lanes {
  int pairs = 0;                      // of samples, added in one step; 0: empty
  std::vector<int> first;             // two a group of outputs: where its loads begin
  std::vector<std::uint8_t> picks;    // 32 a step: which byte of its load; 128: none
  std::vector<std::int16_t> weights;  // 16 a step
};

struct Taps {
  int samples = 0, to = 0;
  int width = 0;                      // weights an output, zeros added to a multiple of 8
  int shift = 0;                      // a weight of 1 is `1 << shift`; every output's weights add up to it
  std::vector<int> first, count;      // an output's samples are [first, first + count)
  std::vector<std::int16_t> weights;  // `width` an output
  Lanes lanes;
};

Taps make_taps(const Axis& axis, Resample resample);

/// Tables that were made before. A corpus has few sizes, or many: then those that were not asked for lately are
/// forgotten.
class TapsCache {
 public:
  /// Valid for the next 256 calls at least.
  const Taps& get(const Axis& axis, Resample resample);

 private:
  std::map<std::tuple<Axis, Resample>, Taps> current_, old_;
};

}  // namespace klein
