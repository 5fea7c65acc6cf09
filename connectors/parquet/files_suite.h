#pragma once
// What the tests of reading and writing Parquet files share: a folder of their own, rows to write, and the two kinds
// through the registry, as a flow would use them.

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "connectors/paths.h"
#include "connectors/source_suite.h"

namespace klein {
void register_parquet(Registry& registry);

inline const SinkKind& write_parquet() {
  static const auto* registry = [] {
    auto* made = new Registry;
    register_parquet(*made);
    return made;
  }();
  return *registry->find_sink("write_parquet");
}

inline Result<> commit(const Bytes& token) {
  return KLEIN_TRY(write_parquet().committer(nullptr))->commit(Epoch{1}, token);
}
/// Removes what the sink's run left staged.
inline Result<> clear(const Sink& sink) { return KLEIN_TRY(write_parquet().committer(nullptr))->clear(sink.residue()); }

class ParquetFiles : public ::testing::Test {
 protected:
  ParquetFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "klein-parquet-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ~ParquetFiles() override { std::filesystem::remove_all(root); }

  /// `id: int64, name: string`: rows from `first` on.
  static Batch rows(std::int64_t first, std::int64_t count) {
    arrow::Int64Builder ids;
    arrow::StringBuilder names;
    for (std::int64_t i = first; i < first + count; ++i) {
      EXPECT_TRUE(ids.Append(i).ok());
      EXPECT_TRUE((i % 5 == 4 ? names.AppendNull() : names.Append("name " + std::to_string(i))).ok());
    }
    const auto schema = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())});
    return Batch(arrow::RecordBatch::Make(schema, count, {*ids.Finish(), *names.Finish()}));
  }
  static std::shared_ptr<arrow::Table> table(const Batch& batch) {
    return *arrow::Table::FromRecordBatches({batch.columns()});
  }

  std::string path(const std::string& name) const { return root + "/" + name; }

  Result<std::unique_ptr<Sink>> sink(const std::string& folder, Value::Map given = {}) const {
    given.emplace_back("path", path(folder));
    return write_parquet().make(KLEIN_TRY(Params::make(write_parquet().params, given)));
  }
  /// Writes the batches by one task; the token of what is staged.
  static Result<Bytes> stage(const Sink& to, const std::vector<Batch>& batches, int task = 0) {
    const auto writer = KLEIN_TRY(to.open(task, batches.front().schema()));
    for (const auto& batch : batches) {
      if (batch.rows() > 0) KLEIN_TRY(writer->write(batch));
    }
    return *KLEIN_TRY(writer->prepare(Epoch{1}));
  }
  void write(const std::string& folder, const std::vector<Batch>& batches, const Value::Map& given = {}) const {
    const auto to = sink(folder, given);
    ASSERT_TRUE(to.ok()) << to.error().text();
    const auto token = stage(**to, batches);
    ASSERT_TRUE(token.ok()) << token.error().text();
    const auto shown = commit(*token);
    ASSERT_TRUE(shown.ok()) << shown.error().text();
    ASSERT_TRUE(clear(**to).ok());
  }

  Result<std::unique_ptr<Source>> read(const std::string& name, Value::Map given = {}) const {
    given.emplace_back("path", path(name));
    return make_source(register_parquet, "read_parquet", given);
  }
  std::shared_ptr<arrow::Table> all(const std::string& name, const Value::Map& given = {}) const {
    const auto source = read(name, given);
    EXPECT_TRUE(source.ok()) << source.error().text();
    return read_all(**source);
  }
  /// The names in a folder, hidden ones too.
  std::vector<std::string> names(const std::string& folder) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path(folder)))
      found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end(), natural_less);
    return found;
  }
  /// The one file that was written into the folder, under another name.
  void write_file(const std::string& name, const std::vector<Batch>& batches, const Value::Map& given = {}) const {
    write("written", batches, given);
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::filesystem::rename(path("written/" + names("written").front()), path(name));
  }

  std::string root;
};

}  // namespace klein
