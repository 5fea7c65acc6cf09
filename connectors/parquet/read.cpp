// read_parquet: a row group is a split. Its id is the file's path, with `#` and the group's number where the file has
// several (or where the path has a `#` itself); rows are numbered from the start of the file, so that a row's id,
// `photos/3.parquet#1:1017`, leads to it whatever was read before. A position counts the rows of the split that are
// done.

#include <arrow/array/array_primitive.h>
#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "base/text.h"
#include "connectors/file_watch.h"
#include "connectors/parquet/file.h"
#include "connectors/parquet/plugin.h"
#include "connectors/parquet/prune.h"
#include "connectors/paths.h"
#include "connectors/rows.h"
#include "op/expression.h"

namespace klein {

namespace {

const std::vector<std::string> extensions = {"parquet"};

/// What to read, as `make` has found it: shared by the source and its readers, constant.
struct Wanted {
  std::vector<std::string> files;
  Schema all;                                         // the first file's columns, all files'
  bool every_column = false;                          // `columns` was not given
  Schema output;                                      // the columns that are wanted, in the order asked for
  Schema read;                                        // those, then the columns that only the filter needs
  std::optional<BoundExpression> filter;              // bound to `read`
  std::optional<arrow::compute::Expression> pruning;  // the same, for statistics
  std::optional<std::int64_t> limit;
};

using FileList = std::function<Result<std::vector<std::string>>()>;

Result<Schema> selected(const Schema& all, const std::vector<std::string>& columns, const std::string& file) {
  arrow::FieldVector fields;
  for (const auto& column : columns) {
    auto index = all.index(column);
    if (!index.ok()) return std::move(index).error().while_doing(file);
    const auto& field = all.arrow()->field(*index);
    if (std::find(fields.begin(), fields.end(), field) != fields.end()) {
      return Error(Code::invalid, "the column '" + column + "' is asked for twice");
    }
    fields.push_back(field);
  }
  return Schema(arrow::schema(std::move(fields)));
}

/// Every column must have a name of its own, or it can't be asked for.
Result<> check_names(const Schema& schema, const std::string& file) {
  for (const auto& name : schema.names()) {
    auto index = schema.index(name);
    if (!index.ok()) return std::move(index).error().while_doing(file);
  }
  return {};
}

Result<> set_filter(Wanted& wanted, const Expression& filter) {
  auto columns = wanted.output.names();
  for (const auto& column : filter.columns()) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
  }
  wanted.read = KLEIN_TRY(selected(wanted.all, columns, wanted.files.front()));
  wanted.filter = KLEIN_TRY(BoundExpression::make(filter, wanted.read));
  if (wanted.filter->type()->id() != arrow::Type::BOOL) {
    return Error(Code::invalid, "a filter is true or false for each row; this one gives " +
                                    text(*wanted.filter->type()) + ": " + filter.text());
  }
  wanted.pruning = KLEIN_ARROW(filter.arrow().Bind(*wanted.read.arrow()));
  return {};
}

Result<std::shared_ptr<const Wanted>> look(const Params& params, const FileList& list) {
  auto wanted = std::make_shared<Wanted>();
  wanted->files = KLEIN_TRY(list());
  if (wanted->files.empty()) {
    return Error(Code::not_found,
                 "no Parquet file is there yet, and the first one says what columns there are; "
                 "put one into the folder before");
  }
  const auto file = KLEIN_TRY(ParquetFile::open(wanted->files.front()));
  wanted->all = file.schema();
  KLEIN_TRY(check_names(wanted->all, file.path()));
  wanted->every_column = params.is_null("columns");
  wanted->output =
      wanted->every_column ? wanted->all : KLEIN_TRY(selected(wanted->all, params.strings("columns"), file.path()));
  wanted->read = wanted->output;
  if (!params.is_null("filter")) KLEIN_TRY(set_filter(*wanted, *params.expression("filter")));
  if (!params.is_null("limit")) {
    wanted->limit = params.int64("limit");
    if (*wanted->limit < 0)
      return Error(Code::invalid, "limit must not be negative: " + std::to_string(*wanted->limit));
  }
  return std::shared_ptr<const Wanted>(std::move(wanted));
}

/// A file must have what is read, of the type that the first file has; and nothing that would be left out unasked.
Result<> check_agrees(const Wanted& wanted, const ParquetFile& file) {
  const auto& first = wanted.files.front();
  const auto schema = file.schema();
  for (const auto& field : wanted.read.arrow()->fields()) {
    const auto found = schema.arrow()->GetFieldByName(field->name());
    if (!found) {
      return Error(Code::invalid, file.path() + " has no column '" + field->name() + "', which " + first + " has");
    }
    if (!found->type()->Equals(*field->type())) {
      return Error(Code::invalid, "the column '" + field->name() + "' is " + text(*found->type()) + " in " +
                                      file.path() + " and " + text(*field->type()) + " in " + first);
    }
  }
  if (!wanted.every_column) return {};
  for (const auto& name : schema.names()) {
    if (wanted.all.has(name)) continue;
    return Error(Code::invalid, file.path() + " has the column '" + name + "', which " + first +
                                    " has not; name the columns to read with columns=[...]");
  }
  return {};
}

std::string split_id(const std::string& path, int group, int groups) {
  return groups == 1 && path.find('#') == std::string::npos ? path : path + "#" + std::to_string(group);
}

struct GroupName {
  std::string path;
  int group = 0;
};

Result<GroupName> group_of(const std::string& split_id) {
  const auto mark = split_id.rfind('#');
  if (mark == std::string::npos) return GroupName{split_id};
  GroupName name{split_id.substr(0, mark)};
  const auto* end = split_id.data() + split_id.size();
  const auto [stop, error] = std::from_chars(split_id.data() + mark + 1, end, name.group);
  if (error != std::errc{} || stop != end || name.group < 0) {
    return Error(Code::corrupt, "a split's id names no row group: '" + split_id + "'");
  }
  return name;
}

/// Reads one row group, or the first `range.count` rows of it. `pull` reads from the disk and decodes: that is its
/// work.
class GroupReader final : public SplitReader {
 public:
  GroupReader(std::shared_ptr<const Wanted> wanted, ParquetFile file, const Split& split, int group, RowRange range,
              std::int64_t done)
      : wanted_(std::move(wanted)),
        file_(std::move(file)),
        split_(std::make_shared<const std::string>(split.id)),
        group_(group),
        range_(range),
        done_(done) {}

  Result<> open(ReadSize size) {
    const auto leaves = file_.leaves(wanted_->read.names());
    const auto rows = file_.footer()->RowGroup(group_)->num_rows();
    batches_ = KLEIN_TRY(file_.read(
        group_, leaves,
        std::min(rows_within(size, file_.bytes(group_, leaves), rows), std::max<std::int64_t>(1, range_.count))));
    return {};
  }

  Result<Pulled> pull(const Context& context) override {
    auto pulled = next_kept();
    if (!pulled.ok()) return std::move(pulled).error().at_step(context.step);
    return pulled;
  }

 private:
  Result<Pulled> next_kept() {
    while (done_ < range_.count && !(wanted_->filter && wanted_->limit && kept_ >= *wanted_->limit)) {
      auto batch = KLEIN_TRY(next());
      if (wanted_->filter) batch = KLEIN_TRY(filtered(batch));
      if (batch.rows() == 0) continue;
      kept_ += batch.rows();
      return Pulled{Pulled::What::rows, std::move(batch), to_position(done_)};
    }
    return Pulled{};
  }

  /// The next rows that are not done, with the columns of `read`.
  Result<Batch> next() {
    while (true) {
      const auto decoded = KLEIN_TRY(decode());
      const auto begin = decoded_;
      decoded_ += decoded->num_rows();
      if (decoded_ <= done_) continue;  // read before, up to the position
      const auto skip = done_ - begin;
      const auto count = std::min(decoded_, range_.count) - done_;
      Header header;
      header.split = split_;
      header.row = range_.first + done_;
      done_ += count;
      return Batch(arranged(*decoded)->Slice(skip, count), std::move(header));
    }
  }

  Result<std::shared_ptr<arrow::RecordBatch>> decode() {
    try {
      std::shared_ptr<arrow::RecordBatch> decoded;
      const auto status = batches_->ReadNext(&decoded);
      if (!status.ok()) return damaged(status.message());
      if (!decoded) return damaged("it has fewer rows than the footer says");
      return decoded;
    } catch (const std::exception& failure) {
      return damaged(failure.what());
    }
  }

  Error damaged(const std::string& what) const {
    return corrupt_file(file_.path(), "row group " + std::to_string(group_) + ": " + what);
  }

  /// The columns in the order of `read`; the file has its own.
  std::shared_ptr<arrow::RecordBatch> arranged(const arrow::RecordBatch& decoded) const {
    arrow::ArrayVector columns;
    for (const auto& field : wanted_->read.arrow()->fields()) columns.push_back(decoded.GetColumnByName(field->name()));
    return arrow::RecordBatch::Make(wanted_->read.arrow(), decoded.num_rows(), std::move(columns));
  }

  Result<Batch> filtered(const Batch& batch) const {
    const auto mask = KLEIN_TRY(wanted_->filter->evaluate(batch));
    const auto kept = KLEIN_TRY(batch.keep(static_cast<const arrow::BooleanArray&>(*mask)));
    if (wanted_->output.columns() == wanted_->read.columns()) return kept;
    auto columns = kept.columns()->columns();
    columns.resize(static_cast<std::size_t>(wanted_->output.columns()));
    return kept.with(arrow::RecordBatch::Make(wanted_->output.arrow(), kept.rows(), std::move(columns)));
  }

  const std::shared_ptr<const Wanted> wanted_;
  ParquetFile file_;
  const std::shared_ptr<const std::string> split_;  // its id, for errors of the filter
  const int group_;
  const RowRange range_;
  std::int64_t done_, decoded_ = 0, kept_ = 0;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
};

/// The file's row groups, until `left` rows are found (where that is not negative).
Result<> add_groups(const Wanted& wanted, const std::string& path, std::vector<Split>& splits, std::int64_t& left) {
  const auto file = KLEIN_TRY(ParquetFile::open(path));
  KLEIN_TRY(check_agrees(wanted, file));
  const auto footer = file.footer();
  std::int64_t first = 0;
  for (int group = 0; group < footer->num_row_groups() && left != 0; ++group) {
    const auto row_group = footer->RowGroup(group);
    auto rows = row_group->num_rows();
    const auto begin = std::exchange(first, first + rows);
    if (rows == 0) continue;
    if (wanted.pruning && !KLEIN_TRY(may_satisfy(*wanted.pruning, *row_group, file.manifest()))) continue;
    if (left > 0 && !wanted.filter) left -= rows = std::min(rows, left);
    splits.push_back({.id = split_id(file.path(), group, footer->num_row_groups()),
                      .position = {},
                      .rows = wanted.filter ? -1 : rows,
                      .order = static_cast<std::int64_t>(splits.size()),
                      .first_row = begin});
  }
  return {};
}

class ParquetSource final : public Source {
 public:
  ParquetSource(std::shared_ptr<const Wanted> wanted, std::unique_ptr<FileWatch> watch)
      : wanted_(std::move(wanted)), watch_(std::move(watch)) {}
  bool bounded() const override { return !watch_; }
  const Discoverer* discoverer() const override { return watch_.get(); }
  Schema schema() const override { return wanted_->output; }

  Result<std::vector<Split>> splits() const override {
    std::vector<Split> splits;
    std::int64_t left = wanted_->limit.value_or(-1);
    for (const auto& path : wanted_->files) {
      if (left == 0) break;
      KLEIN_TRY(add_groups(*wanted_, path, splits, left));
    }
    return splits;
  }

  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    const auto [path, group] = KLEIN_TRY(group_of(split.id));
    auto file = KLEIN_TRY(ParquetFile::open(path));
    if (group >= file.footer()->num_row_groups()) {
      return Error(Code::corrupt, "the row group of " + split.id + " is gone; the file was written anew");
    }
    const auto rows = file.footer()->RowGroup(group)->num_rows();
    const auto done = KLEIN_TRY(from_position(split.position));
    const RowRange range{split.first_row, split.rows < 0 ? rows : std::min(split.rows, rows)};
    auto reader = std::make_unique<GroupReader>(wanted_, std::move(file), split, group, range, done);
    KLEIN_TRY(reader->open(size));
    return reader;
  }

 private:
  const std::shared_ptr<const Wanted> wanted_;
  const std::unique_ptr<FileWatch> watch_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_parquet_source(const Params& params) {
  const auto list = [path = params.strings("path"), watched = !params.is_null("watch")] {
    return list_files(path, extensions, watched);
  };
  auto wanted = KLEIN_TRY(look(params, list));
  const auto to_splits = [wanted](const std::string& path) -> Result<std::vector<Split>> {
    std::vector<Split> splits;
    std::int64_t left = wanted->limit.value_or(-1);
    KLEIN_TRY(add_groups(*wanted, path, splits, left));
    return splits;
  };
  auto watch = KLEIN_TRY(FileWatch::make(params, {list, to_splits}));
  return std::make_unique<ParquetSource>(std::move(wanted), std::move(watch));
}

}  // namespace klein
