// read_binary: a file is a row and a split. A position of 1 says that it is read.

#include <arrow/array/builder_binary.h>
#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <limits>

#include "connectors/file_watch.h"
#include "connectors/paths.h"
#include "connectors/rows.h"
#include "op/registry.h"

namespace klein {

namespace {

const Schema& file_schema() {
  static const Schema schema(
      arrow::schema({arrow::field("path", arrow::utf8(), false), arrow::field("bytes", arrow::binary(), false)}));
  return schema;
}

class FileReader final : public SplitReader {
 public:
  FileReader(std::string path, std::int64_t done) : path_(std::move(path)), done_(done) {}

  Result<Pulled> pull(const Context&) override {
    if (done_ > 0) return Pulled{};
    const auto file = arrow::io::ReadableFile::Open(path_);
    if (!file.ok()) return to_error(file.status(), Code::io);
    const auto size = KLEIN_ARROW((*file)->GetSize());
    if (size > std::numeric_limits<std::int32_t>::max()) {
      return Error(Code::resource, path_ + " has " + std::to_string(size) + " bytes; a row holds less than 2 GiB");
    }
    const auto bytes = KLEIN_ARROW((*file)->Read(size));
    arrow::StringBuilder paths;
    arrow::BinaryBuilder contents;
    KLEIN_ARROW_OK(paths.Append(path_));
    KLEIN_ARROW_OK(contents.Append(bytes->data(), static_cast<std::int32_t>(bytes->size())));
    done_ = 1;
    auto rows = arrow::RecordBatch::Make(
        file_schema().arrow(), 1, {KLEIN_ARROW(paths.Finish()), KLEIN_ARROW(contents.Finish())});
    return Pulled{Pulled::What::rows, Batch(std::move(rows)), to_position(done_)};
  }

 private:
  const std::string path_;
  std::int64_t done_;
};

class BinarySource final : public Source {
 public:
  BinarySource(std::vector<std::string> files, std::unique_ptr<FileWatch> watch)
      : files_(std::move(files)), watch_(std::move(watch)) {}

  static Result<std::unique_ptr<Source>> make(const Params& params) {
    std::vector<std::string> extensions;
    if (!params.is_null("extensions")) extensions = params.strings("extensions");
    const auto list = [path = params.strings("path"), extensions, watched = !params.is_null("watch")] {
      return list_files(path, extensions, watched);
    };
    const auto to_splits = [](const std::string& path) -> Result<std::vector<Split>> {
      return std::vector<Split>{{.id = path, .position = {}, .rows = 1}};
    };
    return std::make_unique<BinarySource>(KLEIN_TRY(list()), KLEIN_TRY(FileWatch::make(params, {list, to_splits})));
  }

  bool bounded() const override { return !watch_; }
  const Discoverer* discoverer() const override { return watch_.get(); }
  Schema schema() const override { return file_schema(); }
  Result<std::vector<Split>> splits() const override {
    std::vector<Split> splits;
    for (const auto& path : files_) {
      splits.push_back({.id = path, .position = {}, .rows = 1, .order = static_cast<std::int64_t>(splits.size())});
    }
    return splits;
  }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize) const override {
    return std::make_unique<FileReader>(split.id, KLEIN_TRY(from_position(split.position)));
  }

 private:
  const std::vector<std::string> files_;
  const std::unique_ptr<FileWatch> watch_;
};

}  // namespace

void register_binary(Registry& registry) {
  registry.add(SourceKind{
      .name = "read_binary",
      .doc = "Files, a row each: `path`, and `bytes` as they are in the file.",
      .params =
          {{.name = "path",
            .type = ParamType::strings,
            .doc = "A file, a folder (its files, at any depth), a pattern like \"sounds/*.wav\", or a list of these."},
           {.name = "extensions",
            .type = ParamType::strings,
            .doc = "Which files of a folder to read, such as [\"wav\", \"flac\"]; by default all.",
            .fallback = Value(),
            .keyword_only = true},
           watch_param()},
      .make = BinarySource::make});
}

}  // namespace klein
