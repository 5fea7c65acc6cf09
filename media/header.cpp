#include "media/header.h"

#include <algorithm>
#include <cstring>

namespace klein {
namespace {

/// Numbers at positions that may lie outside: then 0, which no valid file has where it matters.
class Reader {
 public:
  Reader(BytesView bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}
  std::uint32_t number(std::size_t at, std::size_t count) const {
    if (at > bytes_.size() || bytes_.size() - at < count) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = value << 8 | static_cast<std::uint8_t>(bytes_[at + (big_endian_ ? i : count - 1 - i)]);
    }
    return value;
  }
  bool has(std::size_t at, std::size_t count) const { return at <= bytes_.size() && bytes_.size() - at >= count; }

 private:
  BytesView bytes_;
  bool big_endian_;
};

/// The orientation in EXIF's TIFF structure; 1 where it is not said, or not sensibly.
int tiff_orientation(BytesView tiff) {
  constexpr std::uint32_t orientation_tag = 0x0112, short_type = 3;
  const bool big = tiff.starts_with(BytesView("MM\0*", 4));
  if (!big && !tiff.starts_with(BytesView("II*\0", 4))) return 1;
  const Reader reader(tiff, big);
  const std::size_t directory = reader.number(4, 4), entries = reader.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (!reader.has(entry, 12)) break;
    if (reader.number(entry, 2) != orientation_tag || reader.number(entry + 2, 2) != short_type) continue;
    const auto value = reader.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Error cut_short(std::string_view format) {
  return Error(Code::corrupt, "the " + std::string(format) + " file ends within its header");
}

BytesView without_exif_prefix(BytesView payload) {
  constexpr BytesView prefix("Exif\0\0", 6);
  return payload.starts_with(prefix) ? payload.substr(prefix.size()) : payload;
}

bool is_frame_header(int marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

Result<PictureHeader> jpeg_header(BytesView bytes) {
  PictureHeader header{.format = Format::jpeg, .size = {}};
  const Reader reader(bytes, true);
  bool framed = false;
  std::size_t at = 2;
  while (reader.has(at, 4)) {
    if (reader.number(at, 1) != 0xFF) {  // bytes between segments are passed over, as decoders do
      ++at;
      continue;
    }
    const int marker = static_cast<int>(reader.number(at + 1, 1));
    const bool alone = marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
    if (marker == 0xFF || marker == 0 || alone) {
      at += marker == 0xFF ? 1 : 2;
      continue;
    }
    if (marker == 0xD9 || marker == 0xDA) break;
    const std::size_t length = reader.number(at + 2, 2);
    if (length < 2) return Error(Code::corrupt, "the JPEG file has a segment without a length");
    if (is_frame_header(marker)) {
      if (!reader.has(at + 4, 6)) break;
      header.size = {static_cast<int>(reader.number(at + 5, 2)), static_cast<int>(reader.number(at + 7, 2))};
      framed = true;
    }
    const BytesView payload = bytes.substr(at + 4, length - 2);
    if (marker == 0xE1 && payload.starts_with("Exif")) {
      header.orientation = tiff_orientation(without_exif_prefix(payload));
    }
    at += 2 + length;
  }
  if (!framed) return cut_short("JPEG");
  return header;
}

Result<PictureHeader> png_header(BytesView bytes) {
  PictureHeader header{.format = Format::png, .size = {}};
  const Reader reader(bytes, true);
  if (!reader.has(8, 25)) return cut_short("PNG");
  if (bytes.substr(12, 4) != "IHDR") return Error(Code::corrupt, "the PNG file does not begin with its header");
  const std::uint32_t width = reader.number(16, 4), height = reader.number(20, 4);
  if ((width | height) >> 31 != 0) return Error(Code::corrupt, "the PNG file's size is out of range");
  header.size = {static_cast<int>(height), static_cast<int>(width)};
  std::size_t at = 8;
  while (reader.has(at, 12)) {
    const std::size_t length = reader.number(at, 4);
    const BytesView type = bytes.substr(at + 4, 4);
    if (type == "eXIf") header.orientation = tiff_orientation(without_exif_prefix(bytes.substr(at + 8, length)));
    if (type == "eXIf" || type == "IDAT") break;
    at += 12 + length;
  }
  return header;
}

Size webp_canvas(const Reader& reader, BytesView kind, std::size_t payload) {
  const auto size = [](std::uint32_t height, std::uint32_t width) {
    return Size{static_cast<int>(height), static_cast<int>(width)};
  };
  if (kind == "VP8X") return size(reader.number(payload + 7, 3) + 1, reader.number(payload + 4, 3) + 1);
  if (kind == "VP8 ") return size(reader.number(payload + 8, 2) & 0x3FFF, reader.number(payload + 6, 2) & 0x3FFF);
  const std::uint32_t packed = reader.number(payload + 1, 4);  // VP8L
  return size((packed >> 14 & 0x3FFF) + 1, (packed & 0x3FFF) + 1);
}

Result<PictureHeader> webp_header(BytesView bytes) {
  PictureHeader header{.format = Format::webp, .size = {}};
  const Reader reader(bytes, false);
  if (!reader.has(12, 18)) return cut_short("WebP");
  const BytesView kind = bytes.substr(12, 4);
  if (kind != "VP8X" && kind != "VP8 " && kind != "VP8L") {
    return Error(Code::corrupt, "the WebP file does not begin with a picture");
  }
  header.size = webp_canvas(reader, kind, 20);
  std::size_t at = 12;
  while (kind == "VP8X" && reader.has(at, 8)) {
    const std::size_t length = reader.number(at + 4, 4);
    if (bytes.substr(at, 4) == "EXIF") {
      header.orientation = tiff_orientation(without_exif_prefix(bytes.substr(at + 8, length)));
      break;
    }
    at += 8 + length + length % 2;
  }
  return header;
}

Error not_a_picture(BytesView bytes) {
  if (bytes.empty()) return Error(Code::corrupt, "there are no bytes to decode a picture from");
  std::string start;
  for (const char byte : bytes.substr(0, 4)) {
    constexpr char digits[] = "0123456789abcdef";
    const auto value = static_cast<std::uint8_t>(byte);
    start += {' ', digits[value >> 4], digits[value & 15]};
  }
  return Error(Code::corrupt, "these are not the bytes of a JPEG, PNG or WebP picture; they begin with" + start);
}

Result<PictureHeader> header_by_format(BytesView bytes) {
  if (bytes.starts_with("\xFF\xD8\xFF")) return jpeg_header(bytes);
  if (bytes.starts_with(BytesView("\x89PNG\r\n\x1A\n", 8))) return png_header(bytes);
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return webp_header(bytes);
  return not_a_picture(bytes);
}

}  // namespace

Result<PictureHeader> read_header(BytesView bytes) {
  const auto header = KLEIN_TRY(header_by_format(bytes));
  const auto [height, width] = header.size;
  if (height <= 0 || width <= 0) return Error(Code::corrupt, "the picture's header says that it has no pixels");
  if (header.size.pixels() > max_image_pixels) {
    return Error(
        Code::resource, "the picture is larger than the limit of " + std::to_string(max_image_pixels / 1'000'000) +
                            " megapixels: " + std::to_string(width) + " x " + std::to_string(height));
  }
  return header;
}

void orient(const std::uint8_t* in, Size size, int orientation, std::uint8_t* out) {
  const bool swapped = orientation >= 5;
  // Whether the output's first row and column come from the input's last ones.
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const std::ptrdiff_t row_step = std::ptrdiff_t{from_bottom ? -3 : 3} * size.width, column_step = from_right ? -3 : 3;
  const std::uint8_t* start = in + (from_bottom ? std::ptrdiff_t{size.height - 1} * size.width * 3 : 0) +
                              (from_right ? std::ptrdiff_t{size.width - 1} * 3 : 0);
  const int rows = swapped ? size.width : size.height, columns = swapped ? size.height : size.width;
  for (int row = 0; row < rows; ++row) {
    const std::uint8_t* from = start + row * (swapped ? column_step : row_step);
    for (int column = 0; column < columns; ++column, out += 3, from += swapped ? row_step : column_step) {
      std::copy_n(from, 3, out);
    }
  }
}

}  // namespace klein
