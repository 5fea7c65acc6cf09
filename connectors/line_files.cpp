#include "connectors/line_files.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>

#include "connectors/file_watch.h"
#include "connectors/line_blocks.h"
#include "connectors/paths.h"
#include "connectors/rows.h"

namespace klein {

namespace {

constexpr std::int64_t split_bytes = 64 << 20;

struct Place {
  std::int64_t offset = -1;  // where a block begins; below 0: at the split's first record
  std::int64_t rows = 0;     // of the block, that are done
  std::int64_t row = 0;      // the number of the block's first row

  Bytes to_position() const { return std::to_string(offset) + ":" + std::to_string(rows) + ":" + std::to_string(row); }
  static Result<Place> from_position(const Bytes& position) {
    Place place;
    if (position.empty()) return place;
    const char *next = position.data(), *const end = next + position.size();
    for (auto* number : {&place.offset, &place.rows, &place.row}) {
      const auto [stop, failed] = std::from_chars(next, end, *number);
      const bool last = number == &place.row;
      if (failed != std::errc() || *number < 0 || (last ? stop != end : stop == end || *stop != ':'))
        return Error(Code::corrupt, "a position in a file of lines is no `offset:rows:row`: '" + position + "'");
      next = stop + 1;
    }
    return place;
  }
};

bool is_compressed(const std::string& path) { return path.ends_with(".gz") || path.ends_with(".zst"); }

class LineReader final : public SplitReader {
 public:
  LineReader(std::shared_ptr<const BlockRows> rows, std::unique_ptr<LineBlocks> blocks, std::string split, Place place,
             ReadSize size)
      : rows_(std::move(rows)), blocks_(std::move(blocks)), split_(std::move(split)), place_(place), size_(size) {}

  Result<Pulled> pull(const Context&) override {
    while (!block_ || place_.rows >= block_->num_rows()) {
      if (!KLEIN_TRY(next_block())) return Pulled{};
    }
    const auto left = block_->Slice(place_.rows);
    const auto count = std::min(rows_within(size_, Batch(left).bytes(), left->num_rows()), left->num_rows());
    Header header;
    header.row = place_.row + place_.rows;
    place_.rows += count;
    return Pulled{Pulled::What::rows, Batch(left->Slice(0, count), std::move(header)), place_.to_position()};
  }

 private:
  Result<bool> next_block() {
    if (block_) {
      place_.row += block_->num_rows();
      place_.rows = 0;
    }
    const auto text = KLEIN_TRY(blocks_->next());
    if (text.empty()) return false;
    place_.offset = blocks_->offset();
    block_ = KLEIN_TRY(rows_->parse(text, {split_, place_.row}));
    return true;
  }

  const std::shared_ptr<const BlockRows> rows_;
  const std::unique_ptr<LineBlocks> blocks_;
  const std::string split_;
  Place place_;
  const ReadSize size_;
  std::shared_ptr<arrow::RecordBatch> block_;
};

/// Whether a file may be read in parts: where a line break is always a record's end, and bytes can be sought.
bool cuts(const std::string& path, char delimiter, bool header) {
  return delimiter == 0 && !header && !is_compressed(path);
}

Result<std::vector<Split>> splits_of(const std::string& path, bool cut) {
  std::error_code error;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  if (error) return Error(Code::io, "cannot look at " + path + ": " + error.message());
  const auto parts = cut ? std::max<std::int64_t>(1, (size + split_bytes - 1) / split_bytes) : 1;
  const bool plain = parts == 1 && path.find('#') == std::string::npos;
  std::vector<Split> splits;
  for (std::int64_t part = 0; part < parts; ++part)
    splits.push_back({.id = plain ? path : path + "#" + std::to_string(part), .position = {}});
  return splits;
}

class LineSource final : public Source {
 public:
  LineSource(std::vector<std::string> files, const RecordFormat& format, std::shared_ptr<const BlockRows> rows,
             std::unique_ptr<FileWatch> watch)
      : files_(std::move(files)),
        delimiter_(format.delimiter),
        header_(format.header),
        rows_(std::move(rows)),
        watch_(std::move(watch)) {}
  bool bounded() const override { return !watch_; }
  Schema schema() const override { return rows_->schema(); }
  const Discoverer* discoverer() const override { return watch_.get(); }

  Result<std::vector<Split>> splits() const override {
    std::vector<Split> splits;
    for (const auto& path : files_) {
      for (auto& split : KLEIN_TRY(splits_of(path, cuts(path, delimiter_, header_)))) {
        split.order = static_cast<std::int64_t>(splits.size());
        splits.push_back(std::move(split));
      }
    }
    return splits;
  }

  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    const auto place = KLEIN_TRY(Place::from_position(split.position));
    const auto range = KLEIN_TRY(range_of(split.id));
    auto rows = rows_;
    if (header_) {
      auto own = rows_->under(KLEIN_TRY(LineBlocks::header(range.path, delimiter_)));
      if (!own.ok()) return std::move(own).error().while_doing(range.path);
      if (*own) rows = *std::move(own);
    }
    return std::make_unique<LineReader>(
        std::move(rows), KLEIN_TRY(LineBlocks::open(range, place.offset, delimiter_, header_)), split.id, place, size);
  }

 private:
  Result<FileRange> range_of(const std::string& id) const {
    const auto mark = id.rfind('#');
    if (mark == std::string::npos) return FileRange{id};
    std::int64_t part = -1;
    const auto* end = id.data() + id.size();
    const auto [stop, failed] = std::from_chars(id.data() + mark + 1, end, part);
    if (failed != std::errc() || stop != end || part < 0)
      return Error(Code::corrupt, "a split's id names no part of a file: '" + id + "'");
    const auto path = id.substr(0, mark);
    if (!cuts(path, delimiter_, header_)) return FileRange{path};
    return FileRange{path, part * split_bytes, (part + 1) * split_bytes};
  }

  const std::vector<std::string> files_;
  const char delimiter_;
  const bool header_;
  const std::shared_ptr<const BlockRows> rows_;
  const std::unique_ptr<FileWatch> watch_;
};

/// Of a folder's compressed files those whose names say what they hold: `rows.json.gz`.
Result<std::vector<std::string>> line_files(const std::vector<std::string>& paths,
                                            const std::vector<std::string>& extensions, bool none_yet) {
  auto all = extensions;
  all.insert(all.end(), {"gz", "zst"});
  auto files = KLEIN_TRY(list_files(paths, all, none_yet));
  std::erase_if(files, [&](const std::string& file) {
    if (!is_compressed(file) || std::find(paths.begin(), paths.end(), file) != paths.end()) return false;
    const auto inner = file.substr(0, file.rfind('.'));
    return std::none_of(
        extensions.begin(), extensions.end(), [&](const auto& name) { return inner.ends_with("." + name); });
  });
  if (files.empty() && !none_yet)
    return Error(Code::not_found, "the path holds no " + patterns_of(extensions) + " file");
  return files;
}

/// The first file that holds a row; where none does, the first that holds something.
Result<std::string> first_with_rows(const std::vector<std::string>& files, const RecordFormat& format) {
  std::string with_header;
  for (const auto& file : files) {
    const auto blocks = KLEIN_TRY(LineBlocks::open({file}, -1, format.delimiter, format.header));
    if (!is_blank(KLEIN_TRY(blocks->next()))) return file;
    const bool header = format.header && with_header.empty();
    if (header && !KLEIN_TRY(LineBlocks::header(file, format.delimiter)).empty()) with_header = file;
  }
  return with_header.empty() ? files.front() : with_header;
}

}  // namespace

std::vector<Param> line_file_params(const std::vector<std::string>& extensions) {
  return {{.name = "path",
           .type = ParamType::strings,
           .doc = "A file, a folder (its " + patterns_of(extensions) +
                  " files, at any depth, also with .gz or .zst behind), a pattern like \"logs/*." + extensions.front() +
                  "\", or a list of these."},
          watch_param()};
}

Result<std::unique_ptr<Source>> make_line_source(const Params& params, std::vector<std::string> extensions,
                                                 const RecordFormat& format) {
  const auto list = [path = params.strings("path"), extensions, watched = !params.is_null("watch")] {
    return line_files(path, extensions, watched);
  };
  auto files = KLEIN_TRY(list());
  auto looked_at = files.empty() ? std::string() : files.front();
  const auto sample = [&]() -> Result<std::string> {
    if (files.empty()) return std::string();
    looked_at = KLEIN_TRY(first_with_rows(files, format));
    const auto blocks = KLEIN_TRY(LineBlocks::open({looked_at}, -1, format.delimiter, false));
    return std::string(KLEIN_TRY(blocks->next()));
  };
  auto rows = format.make_rows(sample);
  if (!rows.ok()) return std::move(rows).error().while_doing(looked_at.empty() ? "an empty folder" : looked_at);
  const auto to_splits = [delimiter = format.delimiter, header = format.header](const std::string& path) {
    return splits_of(path, cuts(path, delimiter, header));
  };
  auto watch = KLEIN_TRY(FileWatch::make(params, {list, to_splits}));
  return std::make_unique<LineSource>(std::move(files), format, *std::move(rows), std::move(watch));
}

}  // namespace klein
