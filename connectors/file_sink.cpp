#include "connectors/file_sink.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/duration.h"
#include "connectors/file_part.h"
#include "connectors/folders.h"
#include "connectors/paths.h"

namespace klein {

namespace {

/// Files that one task writes at a time; with more folders than these, the one that was begun first ends.
constexpr std::size_t most_open = 64;

class FileWriter final : public Writer {
 public:
  FileWriter(FileOutput output, std::optional<Schema> schema, std::vector<std::string> replaces)
      : output_(std::move(output)), schema_(std::move(schema)), replaces_(std::move(replaces)) {}

  Result<> open(const Context& context) override {
    clock_ = context.clock;
    return {};
  }

  Result<Progress> write(Batch batch) override {
    if (!schema_) schema_ = batch.schema();
    if (output_.options.partition_by.empty()) {
      KLEIN_TRY(part_of("").write(std::move(batch), now(), complete_));
      return Progress::done;
    }
    for (auto& [folder, rows] : KLEIN_TRY(by_folder(batch, output_.options.partition_by))) {
      KLEIN_TRY(part_of(folder).write(std::move(rows), now(), complete_));
    }
    KLEIN_TRY(end_some());
    return Progress::done;
  }

  Result<std::optional<Bytes>> prepare(Epoch) override {
    StagedFiles staged;
    staged.rolls = output_.options.roll_interval.has_value();
    staged.files = std::exchange(complete_, {});
    for (auto& [folder, part] : parts_) KLEIN_TRY(part.stage(now(), staged));
    std::erase_if(parts_, [](const auto& entry) { return !entry.first.empty() && !entry.second.is_open(); });
    staged.with_empty = output_.task == 0 && output_.number == 0 && schema_ && !has_empty_;
    if (has_token_ && staged.files.empty() && staged.open.empty() && !staged.with_empty) return std::optional(Bytes{});
    has_empty_ |= staged.with_empty;
    if (!std::exchange(has_token_, true)) staged.replaces = replaces_;
    if (staged.with_empty) KLEIN_TRY(write_empty());
    return std::optional(KLEIN_TRY(output_.staging->seal(std::move(staged))));
  }

 private:
  std::int64_t now() const { return clock_ ? clock_->now() : 0; }

  FilePart& part_of(const std::string& folder) {
    const auto found = parts_.find(folder);
    if (found != parts_.end()) return found->second;
    order_.push_back(folder);
    return parts_.try_emplace(folder, output_, folder, folder.empty() ? schema_ : std::nullopt).first->second;
  }

  Result<> end_some() {
    while (parts_.size() > most_open) {
      const auto oldest = parts_.find(order_.front());
      order_.erase(order_.begin());
      if (oldest == parts_.end()) continue;  // it has ended
      KLEIN_TRY(oldest->second.end(now(), complete_));
      parts_.erase(oldest);
    }
    if (order_.size() > 4 * most_open) std::erase_if(order_, [&](const auto& name) { return !parts_.contains(name); });
    return {};
  }

  /// A file of no rows, with all columns but those that folders stand for.
  Result<> write_empty() {
    const auto columns = KLEIN_TRY(without(*schema_, output_.options.partition_by));
    const auto file =
        KLEIN_TRY(output_.format->open(output_.staging->path(output_.staging->empty_name()), columns, nullptr));
    return file->close();
  }

  FileOutput output_;
  std::optional<Schema> schema_;
  const std::vector<std::string> replaces_;
  const Clock* clock_ = nullptr;
  std::map<std::string, FilePart> parts_;  // by folder
  std::vector<std::string> order_;         // of their folders, as they came
  std::vector<std::string> complete_;      // files of this epoch that are full
  bool has_token_ = false;                 // names what is replaced
  bool has_empty_ = false;                 // a token names the empty file
};

class FileSink final : public Sink {
 public:
  FileSink(const std::string& path, FileOptions options, std::shared_ptr<const FileFormat> format)
      : options_(std::move(options)),
        format_(std::move(format)),
        staging_(std::make_shared<const Staging>(path, options_.mode, options_.extension)) {}

  Result<> check(const std::optional<Schema>& input) const override {
    if (input) KLEIN_TRY(format_->check(KLEIN_TRY(without(*input, options_.partition_by))));
    return staging_->check();
  }
  Result<std::unique_ptr<Writer>> open(int task, const std::optional<Schema>& input) const override {
    return std::make_unique<FileWriter>(
        FileOutput{.staging = staging_, .format = format_, .options = options_, .task = task}, input,
        KLEIN_TRY(staging_->begin()));
  }
  Result<> discard() const override { return staging_->discard(); }
  void resume() override {
    options_.mode = WriteMode::append;
    staging_ = std::make_shared<const Staging>(staging_->target(), options_.mode, options_.extension);
  }
  Bytes residue() const override { return staging_->residue(); }

 private:
  FileOptions options_;
  const std::shared_ptr<const FileFormat> format_;
  std::shared_ptr<const Staging> staging_;
};

class FileCommitter final : public Committer {
 public:
  explicit FileCommitter(FormFile form) : form_(std::move(form)) {}
  Result<> commit(Epoch, BytesView token) override { return show_staged(token); }
  Result<> abort(Epoch, BytesView token) override { return drop_staged(token); }
  Result<> clear(BytesView residue) override { return clear_staged(residue, form_); }

 private:
  const FormFile form_;
};

std::vector<Param> rolling_params() {
  return {
      {.name = "roll_rows",
       .type = ParamType::int64,
       .doc = "Rows in a file at most; by default any number.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "roll_bytes",
       .type = ParamType::int64,
       .doc = "Bytes in a file, about, after which the next one begins.",
       .fallback = 512 << 20,
       .keyword_only = true},
      {.name = "roll_interval",
       .type = ParamType::string,
       .doc = "How long a stream's file may grow over snapshots before it is shown, such as \"10min\"; by default "
              "each snapshot shows what was written before it.",
       .fallback = Value(),
       .keyword_only = true},
      {.name = "partition_by",
       .type = ParamType::strings,
       .doc = "Columns whose values become folders, `column=value/`, and are not in the files.",
       .fallback = Value(),
       .keyword_only = true}};
}

}  // namespace

Result<FileOptions> FileOptions::make(const Params& params, std::string extension) {
  FileOptions options{.mode = KLEIN_TRY(write_mode(params.string("mode"))), .extension = std::move(extension)};
  for (const auto& [name, size] :
       {std::pair("roll_rows", &options.roll_rows), std::pair("roll_bytes", &options.roll_bytes)}) {
    if (params.is_null(name)) continue;
    *size = params.int64(name);
    if (*size < 1) return Error(Code::invalid, std::string(name) + " must be at least 1: " + std::to_string(*size));
  }
  if (!params.is_null("roll_interval")) {
    const auto interval = duration_from(params.string("roll_interval"));
    if (!interval.ok()) return Error(interval.error()).while_doing("roll_interval");
    options.roll_interval = *interval;
  }
  if (!params.is_null("partition_by")) options.partition_by = params.strings("partition_by");
  KLEIN_TRY(check_folder_columns(options.partition_by));
  return options;
}

std::vector<Param> file_params(const std::string& extension, std::vector<Param> own) {
  std::vector<Param> all = {
      {.name = "path", .type = ParamType::string, .doc = "The folder; made where there is none."},
      {.name = "mode",
       .type = ParamType::string,
       .doc =
           "What to do where the folder already holds *." + extension + " files: refuse, replace them, or add to them.",
       .fallback = "error",
       .choices = {"error", "overwrite", "append"},
       .keyword_only = true}};
  for (auto& param : own) all.push_back(std::move(param));
  for (auto& param : rolling_params()) all.push_back(std::move(param));
  return all;
}

Result<std::unique_ptr<Sink>> make_file_sink(const std::string& path, FileOptions options,
                                             std::shared_ptr<const FileFormat> format) {
  if (path.empty()) return Error(Code::invalid, "path is empty; name the folder to write into");
  return std::make_unique<FileSink>(KLEIN_TRY(local_path(path)), std::move(options), std::move(format));
}

std::unique_ptr<Committer> make_file_committer(FormFile form) {
  return std::make_unique<FileCommitter>(std::move(form));
}

}  // namespace klein
