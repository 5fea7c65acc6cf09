#pragma once
// JPEG by libjpeg-turbo. Where a size is asked for, planes are resized as they are stored (chroma with its coarser grid
// folded into the weights) and only the result is converted to RGB: no full-size picture is ever made.

#include <cstdio>
// jpeglib.h uses FILE without including it.
#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <string>
#include <vector>

#include "media/image.h"
#include "media/resize.h"

namespace klein {

/// Keeps its handle and buffers between pictures. One thread at a time.
class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  /// Decodes a picture whose header says `size` to RGB of the size `to`, as stored (not turned).
  Result<> decode(BytesView bytes, Size size, Size to, Resample resample, std::uint8_t* out);

 private:
  /// libjpeg's way to fail is a function that does not return: it jumps here.
  struct Errors {
    jpeg_error_mgr manager;  // first: libjpeg's pointer to it is one to this
    std::jmp_buf jump;
    std::array<char, JMSG_LENGTH_MAX> message;
    bool out_of_memory = false;
  };
  struct Progress {
    jpeg_progress_mgr manager;
  };

  /// False where libjpeg failed. What `step` declares must need no destructor.
  template <typename Step>
  bool run(Step step);
  static void fail(j_common_ptr decoder);
  static void warn(j_common_ptr decoder, int level);
  static void watch(j_common_ptr decoder);
  Error failure() const;

  Result<> start(BytesView bytes, Size size);
  void scale_towards(Size to);
  bool has_planes() const;
  Result<> decode_planes(Size to, Resample resample, std::uint8_t* out);
  Result<> read_planes();
  Result<> decode_pixels(Size size, Size to, Resample resample, std::uint8_t* out);
  Result<> read_pixels(std::uint8_t* out);

  Errors errors_;
  Progress progress_;
  jpeg_decompress_struct decoder_;
  std::array<std::vector<std::uint8_t>, 3> planes_;
  std::array<std::ptrdiff_t, 3> strides_ = {};
  std::vector<std::uint8_t> pixels_, scratch_;
  std::array<std::vector<std::uint8_t>, 3> rows_;  // one output row, before it is RGB
  std::vector<JSAMPROW> row_pointers_;
  TapsCache taps_;
};

}  // namespace klein
