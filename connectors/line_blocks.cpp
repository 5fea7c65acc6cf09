#include "connectors/line_blocks.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>

#include <algorithm>

#include "data/schema.h"

namespace klein {

namespace {

Result<std::shared_ptr<arrow::io::InputStream>> open_text(const std::string& path, std::int64_t offset) {
  const auto file = arrow::io::ReadableFile::Open(path);
  if (!file.ok()) return to_error(file.status(), Code::io);
  const bool gzip = path.ends_with(".gz"), zstd = path.ends_with(".zst");
  if (!gzip && !zstd) {
    KLEIN_ARROW_OK((*file)->Seek(offset));
    return std::shared_ptr<arrow::io::InputStream>(*file);
  }
  const std::shared_ptr<arrow::util::Codec> codec =
      KLEIN_ARROW(arrow::util::Codec::Create(gzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD));
  const std::shared_ptr<arrow::io::InputStream> stream =
      KLEIN_ARROW(arrow::io::CompressedInputStream::Make(codec.get(), *file));
  for (std::int64_t left = offset; left > 0;) {
    const auto skipped = KLEIN_ARROW(stream->Read(std::min<std::int64_t>(left, LineBlocks::block_bytes)))->size();
    if (skipped == 0) break;
    left -= skipped;
  }
  // The stream does not keep its codec.
  return std::shared_ptr<arrow::io::InputStream>(stream.get(), [stream, codec](auto*) {});
}

/// Behind the quoted field that begins at `quote`; a quote in it is written twice.
std::size_t behind_quoted(std::string_view text, std::size_t quote) {
  for (auto next = quote + 1;; next += 2) {
    next = text.find('"', next);
    if (next == std::string_view::npos) return text.size();
    if (next + 1 == text.size() || text[next + 1] != '"') return next + 1;
  }
}

/// Behind the first or the last record of the text, whose fields may be quoted and then hold line breaks; 0: it holds
/// no whole one. A quote that stands within a field is a character like any other.
std::size_t end_of_record(std::string_view text, char delimiter, bool first) {
  std::size_t end = 0;
  for (std::size_t begin = 0, from = 0; begin < text.size();) {
    const auto quote = std::min(text.find('"', from), text.size());
    const bool opens = quote < text.size() && (quote == 0 || text[quote - 1] == delimiter || text[quote - 1] == '\n');
    from = quote + 1;
    if (!opens && quote < text.size()) continue;
    const auto plain = text.substr(begin, quote - begin);
    const auto line = first ? plain.find('\n') : plain.rfind('\n');
    if (line != std::string_view::npos) end = begin + line + 1;
    if (quote == text.size() || (first && end > 0)) return end;
    begin = from = behind_quoted(text, quote);
  }
  return end;
}

}  // namespace

Result<std::unique_ptr<LineBlocks>> LineBlocks::open(FileRange range, std::int64_t offset, char delimiter,
                                                     bool header) {
  auto blocks = std::unique_ptr<LineBlocks>(new LineBlocks(std::move(range), delimiter));
  const auto begin = blocks->range_.begin;
  // A record that begins right at the range's begin is its own: the byte before says whether one does.
  blocks->offset_ = offset >= 0 ? offset : std::max<std::int64_t>(0, begin - 1);
  blocks->stream_ = KLEIN_TRY(open_text(blocks->range_.path, blocks->offset_));
  if (offset < 0 && begin > 0) KLEIN_TRY(blocks->take_record());
  if (offset < 0 && begin == 0 && header) KLEIN_TRY(blocks->take_header());
  return blocks;
}

Result<std::string> LineBlocks::header(const std::string& path, char delimiter) {
  return KLEIN_TRY(open({path}, 0, delimiter, false))->take_header();
}

Result<> LineBlocks::fill(std::size_t size) {
  while (!at_end_ && buffer_.size() < size) {
    const auto read = stream_->Read(static_cast<std::int64_t>(size - buffer_.size()));
    if (!read.ok()) {
      return Error(Code::corrupt, range_.path + " can't be read behind byte " +
                                      std::to_string(offset_ + static_cast<std::int64_t>(buffer_.size())) + ": " +
                                      read.status().message());
    }
    at_end_ = (*read)->size() == 0;
    buffer_.append(reinterpret_cast<const char*>((*read)->data()), static_cast<std::size_t>((*read)->size()));
  }
  return {};
}

Result<std::string> LineBlocks::take_record() {
  for (std::size_t size = 4096;; size *= 2) {
    KLEIN_TRY(fill(size));
    const auto end = delimiter_ == 0 ? buffer_.find('\n') + 1 : end_of_record(buffer_, delimiter_, true);
    if (end == 0 && !at_end_) continue;
    const auto count = end == 0 ? buffer_.size() : end;
    auto record = buffer_.substr(0, count);
    buffer_.erase(0, count);
    offset_ += static_cast<std::int64_t>(count);
    return record;
  }
}

Result<std::string> LineBlocks::take_header() {
  while (true) {
    auto record = KLEIN_TRY(take_record());
    if (record.empty() || record.find_first_not_of("\r\n") != std::string::npos) return record;
  }
}

/// How much of the buffer are whole records of the range; 0: it holds no whole one.
std::size_t LineBlocks::end_of_records() const {
  const auto left = range_.end - offset_;
  if (range_.end >= 0 && left <= static_cast<std::int64_t>(buffer_.size())) {
    const auto end = buffer_.find('\n', static_cast<std::size_t>(left - 1));
    if (end != std::string::npos) return end + 1;
  }
  if (at_end_) return buffer_.size();
  if (delimiter_ != 0) return end_of_record(buffer_, delimiter_, false);
  const auto end = buffer_.rfind('\n');
  return end == std::string::npos ? 0 : end + 1;
}

Result<std::string_view> LineBlocks::next() {
  buffer_.erase(0, given_);
  offset_ += static_cast<std::int64_t>(std::exchange(given_, 0));
  for (auto size = static_cast<std::size_t>(block_bytes); !ended(); size *= 2) {
    KLEIN_TRY(fill(size));
    given_ = end_of_records();
    if (given_ > 0 || buffer_.empty()) return std::string_view(buffer_).substr(0, given_);
    if (static_cast<std::int64_t>(size) < most_bytes) continue;
    return Error(Code::resource, range_.path + " has no line end within " + std::to_string(most_bytes >> 20) +
                                     " MiB behind byte " + std::to_string(offset_) +
                                     (delimiter_ == 0 ? "; it is no file of lines" : "; a quote may not be closed"));
  }
  return std::string_view();
}

}  // namespace klein
