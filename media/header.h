#pragma once
// What a picture's header says: its format, its size as stored, and how EXIF says it is to be turned. Nothing is
// decoded; every read is checked against the end.

#include "media/image.h"

namespace klein {

enum class Format { jpeg, png, webp };

struct PictureHeader {
  Format format = Format::jpeg;
  Size size;            // as stored
  int orientation = 1;  // EXIF: 1 upright, 2-4 mirrored or upside down, 5-8 with rows and columns swapped
  bool turned() const { return orientation >= 5; }
};

/// Errors: Code::corrupt where it is no header of a picture that we read, Code::resource for one too large.
Result<PictureHeader> read_header(BytesView bytes);

/// The size of a picture of `size` once it is turned.
inline Size oriented(Size size, const PictureHeader& header) {
  return header.turned() ? Size{size.width, size.height} : size;
}

/// Turns RGB pixels of `size` as EXIF's `orientation` says. `in` and `out` do not overlap.
void orient(const std::uint8_t* in, Size size, int orientation, std::uint8_t* out);

}  // namespace klein
