// read_images: a picture file is a row. A split is 64 files that follow each other in natural order; its id names the
// first and the last, and a row's number counts from the first, so that `photos/1.jpg..photos/64.jpg:17` leads to the
// file. A position counts the files of the split that are done.

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "connectors/file_watch.h"
#include "connectors/paths.h"
#include "connectors/rows.h"
#include "media/image.h"
#include "op/registry.h"

namespace klein {

namespace {

constexpr std::size_t files_a_split = 64;
const std::vector<std::string> extensions = {"jpg", "jpeg", "png", "webp"};

const Schema& all_columns() {
  static const Schema schema(arrow::schema(
      {arrow::field("path", arrow::utf8(), /*nullable=*/false), arrow::field("bytes", arrow::binary(), false),
       arrow::field("width", arrow::int32()), arrow::field("height", arrow::int32())}));
  return schema;
}

/// The whole file, into `bytes`.
Result<> read_file(const std::string& path, std::string& bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", path);
  struct stat status {};
  bytes.resize(::fstat(descriptor, &status) == 0 ? static_cast<std::size_t>(status.st_size) + 1 : 1);
  std::size_t size = 0;
  ssize_t got = 0;
  while ((got = ::read(descriptor, bytes.data() + size, bytes.size() - size)) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    size += static_cast<std::size_t>(got);
    if (size == bytes.size()) bytes.resize(2 * size);  // it has grown
  }
  auto failure = system_error("read", path);
  ::close(descriptor);
  if (got < 0) return failure;
  bytes.resize(size);
  return {};
}

/// What to read: shared by the source and its readers, constant.
struct Wanted {
  std::vector<std::string> files;
  Schema output;
  bool contents = true;  // more than the paths
  bool skip = false;     // leave out files that can't be read
};

/// The columns of a batch as they grow.
class Rows {
 public:
  Result<> add(const std::string& path, const std::string& bytes) {
    KLEIN_ARROW_OK(paths_.Append(path));
    KLEIN_ARROW_OK(bytes_.Append(bytes));
    const auto size = image_size(bytes);  // what is no picture has no size; decoding says what is wrong with it
    KLEIN_ARROW_OK(size.ok() ? widths_.Append(size->width) : widths_.AppendNull());
    KLEIN_ARROW_OK(size.ok() ? heights_.Append(size->height) : heights_.AppendNull());
    return {};
  }
  std::int64_t bytes() const { return bytes_.value_data_length(); }

  Result<std::shared_ptr<arrow::RecordBatch>> finish(const Schema& output) {
    const arrow::ArrayVector columns = {KLEIN_ARROW(paths_.Finish()), KLEIN_ARROW(bytes_.Finish()),
                                        KLEIN_ARROW(widths_.Finish()), KLEIN_ARROW(heights_.Finish())};
    arrow::ArrayVector wanted;
    for (const auto& name : output.names()) {
      wanted.push_back(columns[static_cast<std::size_t>(KLEIN_TRY(all_columns().index(name)))]);
    }
    return arrow::RecordBatch::Make(output.arrow(), columns.front()->length(), std::move(wanted));
  }

 private:
  arrow::StringBuilder paths_;
  arrow::BinaryBuilder bytes_;
  arrow::Int32Builder widths_, heights_;
};

class ImageReader final : public SplitReader {
 public:
  ImageReader(std::shared_ptr<const Wanted> wanted, std::vector<std::string> files, std::size_t done, ReadSize size)
      : wanted_(std::move(wanted)), files_(std::move(files)), done_(done), size_(size) {}

  Result<Pulled> pull(const Context& context) override {
    Rows rows;
    std::vector<std::int64_t> numbers;
    const auto begin = static_cast<std::int64_t>(done_);
    while (done_ < files_.size() && static_cast<std::int64_t>(numbers.size()) < size_.rows) {
      if (!held_ && !KLEIN_TRY(load(context))) continue;
      if (!numbers.empty() && rows.bytes() + static_cast<std::int64_t>(bytes_.size()) > size_.bytes) break;
      KLEIN_TRY(rows.add(files_[done_], bytes_));
      numbers.push_back(static_cast<std::int64_t>(done_++));
      held_ = false;
    }
    if (numbers.empty()) return Pulled{};
    Header header;
    header.row = numbers.front();
    if (numbers.back() - begin + 1 != static_cast<std::int64_t>(numbers.size())) {
      header.index = std::make_shared<const std::vector<std::int64_t>>(std::move(numbers));
    }
    return Pulled{Pulled::What::rows, Batch(KLEIN_TRY(rows.finish(wanted_->output)), std::move(header)),
                  to_position(static_cast<std::int64_t>(done_))};
  }

 private:
  /// Brings the next file into `bytes_`; false: it can't be read and is passed over.
  Result<bool> load(const Context& context) {
    const auto& path = files_[done_];
    bytes_.clear();
    auto read = wanted_->contents ? read_file(path, bytes_) : Result<>();
    held_ = read.ok();
    if (held_) return true;
    if (!wanted_->skip) return std::move(read).error().at_row(path);
    if (context.rows_failed) ++*context.rows_failed;
    ++done_;
    return false;
  }

  const std::shared_ptr<const Wanted> wanted_;
  const std::vector<std::string> files_;  // of the split
  std::size_t done_;
  const ReadSize size_;
  std::string bytes_;
  bool held_ = false;  // `bytes_` is the next file, which no longer fitted into the last batch
};

class ImageSource final : public Source {
 public:
  ImageSource(std::shared_ptr<const Wanted> wanted, std::unique_ptr<FileWatch> watch)
      : wanted_(std::move(wanted)), watch_(std::move(watch)) {}

  static Result<std::unique_ptr<Source>> make(const Params& params) {
    auto wanted = std::make_shared<Wanted>();
    const auto list = [path = params.strings("path"), watched = !params.is_null("watch")] {
      return list_files(path, extensions, watched);
    };
    wanted->files = KLEIN_TRY(list());
    wanted->skip = params.string("on_error") == "skip";
    wanted->output = all_columns();
    if (!params.is_null("columns")) wanted->output = KLEIN_TRY(selected(params.strings("columns")));
    const auto names = wanted->output.names();
    wanted->contents = std::any_of(names.begin(), names.end(), [](const auto& name) { return name != "path"; });
    // What comes later comes file by file.
    const auto to_splits = [](const std::string& path) -> Result<std::vector<Split>> {
      return std::vector<Split>{{.id = path}};
    };
    return std::make_unique<ImageSource>(std::move(wanted), KLEIN_TRY(FileWatch::make(params, {list, to_splits})));
  }

  bool bounded() const override { return !watch_; }
  const Discoverer* discoverer() const override { return watch_.get(); }
  Schema schema() const override { return wanted_->output; }

  Result<std::vector<Split>> splits() const override {
    std::vector<Split> splits;
    for (std::size_t first = 0; first < wanted_->files.size(); first += files_a_split) {
      const auto count = count_from(first);
      splits.push_back({.id = id_of(first),
                        .position = {},
                        .rows = wanted_->skip ? -1 : static_cast<std::int64_t>(count),
                        .order = static_cast<std::int64_t>(splits.size())});
    }
    return splits;
  }

  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    const auto done = static_cast<std::size_t>(KLEIN_TRY(from_position(split.position)));
    if (watch_) return std::make_unique<ImageReader>(wanted_, std::vector{split.id}, done, size);
    const auto first = static_cast<std::size_t>(split.order) * files_a_split;
    if (first >= wanted_->files.size() || id_of(first) != split.id) {
      return Error(Code::not_found, "the files " + split.id + " are no longer there as they were when the job began");
    }
    const auto from = wanted_->files.begin() + static_cast<std::ptrdiff_t>(first);
    const auto to = from + static_cast<std::ptrdiff_t>(count_from(first));
    return std::make_unique<ImageReader>(wanted_, std::vector<std::string>(from, to), done, size);
  }

 private:
  static Result<Schema> selected(const std::vector<std::string>& columns) {
    arrow::FieldVector fields;
    for (const auto& column : columns)
      fields.push_back(all_columns().arrow()->field(KLEIN_TRY(all_columns().index(column))));
    return Schema(arrow::schema(std::move(fields)));
  }

  std::size_t count_from(std::size_t first) const { return std::min(files_a_split, wanted_->files.size() - first); }
  std::string id_of(std::size_t first) const {
    const auto count = count_from(first);
    return wanted_->files[first] + (count > 1 ? ".." + wanted_->files[first + count - 1] : "");
  }

  const std::shared_ptr<const Wanted> wanted_;
  const std::unique_ptr<FileWatch> watch_;
};

}  // namespace

void register_images(Registry& registry) {
  registry.add(SourceKind{
      .name = "read_images",
      .doc = "Picture files, a row each: `path`, `bytes` as they are in the file, `width` and `height`, which are null "
             "where the bytes are no picture.",
      .params = {{.name = "path",
                  .type = ParamType::strings,
                  .doc = "A file, a folder (its jpg, jpeg, png and webp files, at any depth), a pattern like "
                         "\"photos/*.jpg\", or a list of these."},
                 {.name = "columns",
                  .type = ParamType::strings,
                  .doc = "Those to read; by default all four.",
                  .fallback = Value(),
                  .choices = {"path", "bytes", "width", "height"},
                  .keyword_only = true},
                 {.name = "on_error",
                  .type = ParamType::string,
                  .doc = "What to do with a file that can't be read.",
                  .fallback = "raise",
                  .choices = {"raise", "skip"},
                  .keyword_only = true},
                 watch_param()},
      .make = ImageSource::make});
}

}  // namespace klein
