// Text files stand for all file sinks here, and Parquet for those that log rows (connectors/parquet/write_test.cpp).

#include "connectors/file_sink.h"

#include <filesystem>
#include <fstream>

#include "base/value.h"
#include "connectors/source_suite.h"
#include "op/json_rows.h"

namespace klein {
void register_json(Registry& registry);
void register_csv(Registry& registry);
void register_text(Registry& registry);

namespace {

namespace fs = std::filesystem;

class ManualClock final : public Clock {
 public:
  std::int64_t now() const override { return time; }
  std::int64_t time = 0;
};

class FileSinks : public ::testing::Test {
 protected:
  FileSinks() {
    register_json(registry);
    register_csv(registry);
    register_text(registry);
    std::string pattern = (fs::temp_directory_path() / "klein-sinks-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    context.clock = &clock;
  }
  ~FileSinks() override { fs::remove_all(root); }

  Result<std::unique_ptr<Sink>> sink(Value::Map given, const std::string& kind = "write_json") const {
    given.emplace_back("path", root + "/out");
    const auto* row = registry.find_sink(kind);
    return row->make(KLEIN_TRY(Params::make(row->params, given)));
  }
  std::unique_ptr<Writer> writer(const Sink& to, int task = 0) const {
    auto made = to.open(task, rows("[{\"id\": 0}]").schema());
    EXPECT_TRUE(made.ok() && (*made)->open(context).ok());
    return *std::move(made);
  }
  static Batch rows(const std::string& json) { return *rows_from_json(json); }
  void commit(const Bytes& token) const {
    const auto done = make_file_committer()->commit(Epoch{1}, token);
    ASSERT_TRUE(done.ok()) << done.error().text();
  }
  void clear(const Sink& to) const {
    const auto done = make_file_committer()->clear(to.residue());
    ASSERT_TRUE(done.ok()) << done.error().text();
  }
  /// What the files that are shown hold, in the order of their paths.
  std::string shown() const {
    std::map<std::string, std::string> files;
    if (!fs::exists(root + "/out")) return "";
    for (const auto& entry : fs::recursive_directory_iterator(root + "/out")) {
      const auto path = entry.path().string();
      if (!entry.is_regular_file() || path.find("/.klein-") != std::string::npos) continue;
      std::ifstream file(path);
      files[path] = {std::istreambuf_iterator<char>(file), {}};
    }
    std::string all;
    for (const auto& [path, text] : files) all += text;
    return all;
  }

  Registry registry;
  ManualClock clock;
  Context context;
  std::string root;
};

TEST_F(FileSinks, a_file_that_rolls_by_time_is_shown_when_it_is_old_enough) {
  const auto to = *sink({{"roll_interval", "10s"}});
  const auto out = writer(*to);
  for (int epoch = 0; epoch < 3; ++epoch) {
    ASSERT_TRUE(out->write(rows("[{\"id\": " + std::to_string(epoch) + "}]")).ok());
    clock.time = epoch * 5'000'000'000LL;
    commit(**out->prepare(Epoch{epoch}));
    EXPECT_EQ(shown(), epoch < 2 ? "" : "{\"id\":0}\n{\"id\":1}\n{\"id\":2}\n");
  }
  EXPECT_EQ(**out->prepare(Epoch{3}), "");
}

TEST_F(FileSinks, clearing_shows_what_was_committed_of_an_open_file_and_no_more) {
  const auto to = *sink({{"roll_interval", "1h"}});
  const auto out = writer(*to);
  ASSERT_TRUE(out->write(rows("[{\"id\": 1}]")).ok());
  const auto first = **out->prepare(Epoch{1});
  ASSERT_TRUE(out->write(rows("[{\"id\": 2}]")).ok());
  const auto second = **out->prepare(Epoch{2});
  ASSERT_TRUE(out->write(rows("[{\"id\": 3}]")).ok());
  const auto lost = **out->prepare(Epoch{3});                      // never sealed
  for (const auto& token : {first, second, first}) commit(token);  // an old one again takes nothing back
  EXPECT_EQ(shown(), "");
  clear(*to);
  clear(*to);
  EXPECT_EQ(shown(), "{\"id\":1}\n{\"id\":2}\n");
  EXPECT_FALSE(lost.empty());
}

TEST_F(FileSinks, aborting_the_token_that_ends_a_file_keeps_what_was_committed_of_it) {
  const auto to = *sink({{"roll_interval", "10s"}});
  const auto out = writer(*to);
  ASSERT_TRUE(out->write(rows("[{\"id\": 1}]")).ok());
  commit(**out->prepare(Epoch{1}));
  ASSERT_TRUE(out->write(rows("[{\"id\": 2}]")).ok());
  clock.time = 11'000'000'000LL;
  ASSERT_TRUE(make_file_committer()->abort(Epoch{2}, **out->prepare(Epoch{2})).ok());
  clear(*to);
  EXPECT_EQ(shown(), "{\"id\":1}\n");
}

TEST_F(FileSinks, what_is_overwritten_stays_until_a_new_file_is_shown) {
  fs::create_directories(root + "/out");
  std::ofstream(root + "/out/old.json") << "old\n";
  const auto to = *sink({{"roll_interval", "1h"}, {"mode", "overwrite"}});
  const auto out = writer(*to);
  ASSERT_TRUE(out->write(rows("[{\"id\": 1}]")).ok());
  commit(**out->prepare(Epoch{1}));
  EXPECT_EQ(shown(), "old\n");
  clear(*to);
  EXPECT_EQ(shown(), "{\"id\":1}\n");
}

TEST_F(FileSinks, a_file_that_was_shown_and_taken_away_is_not_missed_where_its_token_is_committed_again) {
  const auto to = *sink({});
  const auto out = writer(*to);
  ASSERT_TRUE(out->write(rows("[{\"id\": 1}]")).ok());
  const auto token = **out->prepare(Epoch{1});
  commit(token);
  EXPECT_EQ(shown(), "{\"id\":1}\n");
  for (const auto& entry : fs::directory_iterator(root + "/out")) {
    if (entry.is_regular_file()) fs::remove(entry.path());
  }
  commit(token);
  EXPECT_EQ(shown(), "");
  fs::remove_all(root + "/out");  // with what was staged
  EXPECT_FALSE(make_file_committer()->commit(Epoch{1}, token).ok());
}

TEST_F(FileSinks, files_roll_by_rows_within_an_epoch) {
  const auto to = *sink({{"roll_rows", 2}});
  const auto out = writer(*to);
  ASSERT_TRUE(out->write(rows("[{\"id\": 1}, {\"id\": 2}, {\"id\": 3}, {\"id\": 4}, {\"id\": 5}]")).ok());
  const auto token = **out->prepare(Epoch{1});
  commit(token);
  commit(token);
  EXPECT_EQ(std::distance(fs::directory_iterator(root + "/out"), fs::directory_iterator{}), 3 + 1);
  EXPECT_EQ(shown(), "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":4}\n{\"id\":5}\n");
}

TEST_F(FileSinks, folders_stand_for_the_values_that_they_are_named_by) {
  const auto to = *sink({{"partition_by", Value::List{"day", "hour"}}});
  const auto all = rows(
      R"([{"id": 1, "day": "a/b", "hour": 1}, {"id": 2, "day": null, "hour": 1}, {"id": 3, "day": "a/b", "hour": 1}])");
  ASSERT_TRUE(to->check(all.schema()).ok());
  const auto out = *to->open(0, all.schema());
  ASSERT_TRUE(out->write(all).ok());
  commit(**out->prepare(Epoch{1}));
  clear(*to);
  EXPECT_TRUE(fs::exists(root + "/out/day=a%2Fb/hour=1"));
  EXPECT_TRUE(fs::exists(root + "/out/day=__HIVE_DEFAULT_PARTITION__/hour=1"));
  EXPECT_EQ(shown(), "{\"id\":2}\n{\"id\":1}\n{\"id\":3}\n");
  EXPECT_FALSE((*sink({{"partition_by", "nothing"}}))->check(all.schema()).ok());
  EXPECT_FALSE(sink({{"partition_by", "_hidden"}}).ok());
}

TEST_F(FileSinks, more_folders_than_files_may_be_open_lose_no_row) {
  const auto to = *sink({{"partition_by", "day"}, {"roll_interval", "1h"}});
  const auto out = *to->open(0, std::nullopt);
  ASSERT_TRUE(out->open(context).ok());
  for (int day = 0; day < 300; ++day) {
    ASSERT_TRUE(out->write(rows("[{\"id\": 7, \"day\": " + std::to_string(day % 150) + "}]")).ok());
    if (day % 70 == 0) commit(**out->prepare(Epoch{day + 1}));
  }
  commit(**out->prepare(Epoch{1000}));
  clear(*to);
  EXPECT_EQ(shown().size(), 300 * std::string("{\"id\":7}\n").size());
}

TEST_F(FileSinks, csv_and_text_are_read_back_as_they_were) {
  const auto all = rows(R"([{"id": 1, "note": "a,\"b\"\nc"}, {"id": 2, "note": ""}, {"id": null, "note": null}])");
  const auto csv = *sink({}, "write_csv");
  const auto out = *csv->open(0, all.schema());
  ASSERT_TRUE(out->write(all).ok());
  commit(**out->prepare(Epoch{1}));
  EXPECT_EQ(shown(), "\"id\",\"note\"\n1,\"a,\"\"b\"\"\nc\"\n2,\"\"\n,\n");
  const auto back = read_all(**make_source(register_csv, "read_csv", {{"path", root + "/out"}}));
  EXPECT_TRUE(back->Equals(**arrow::Table::FromRecordBatches({all.columns()})));
  const auto text = *sink({{"column", "note"}, {"mode", "append"}}, "write_text");
  EXPECT_EQ((*text->open(0, all.schema()))->write(all).ok(), true);
  const auto refused = *text->open(0, all.schema());
  ASSERT_TRUE(refused->write(all).ok());
  EXPECT_NE(refused->prepare(Epoch{1}).error().message().find("has a line break"), std::string::npos);
}

TEST_F(FileSinks, tokens_of_both_versions_are_read_and_written_as_they_always_were) {
  const std::string first =
      R"({"version":1,"target":"/out","run":"0123456789abcdef","files":["part-00000-00000-0123456789abcdef.json"],)"
      R"("empty":"part-empty-0123456789abcdef.json","with_empty":true,"replaces":["old.json"]})";
  const std::string second =
      R"({"version":2,"target":"/out","run":"0123456789abcdef","files":[],)"
      R"("empty":"part-empty-0123456789abcdef.json","with_empty":false,"replaces":[],)"
      R"("open":[{"name":"day=1/part-00000-00000-0123456789abcdef.json","length":17}],"rolls":true})";
  for (const auto& token : {first, second}) {
    const auto read = StagedFiles::from_bytes(token);
    ASSERT_TRUE(read.ok()) << read.error().text();
    EXPECT_EQ(*parse_json(read->to_bytes()), *parse_json(token));
  }
  EXPECT_FALSE(StagedFiles::from_bytes(R"({"version":3})").ok());
  EXPECT_FALSE(StagedFiles::from_bytes("no token").ok());
}

TEST_F(FileSinks, columns_without_a_form_and_rolls_without_sense_are_refused) {
  const Schema bytes(arrow::schema({arrow::field("b", arrow::binary())}));
  EXPECT_FALSE((*sink({}))->check(bytes).ok());
  EXPECT_FALSE((*sink({}, "write_csv"))->check(bytes).ok());
  EXPECT_FALSE((*sink({}, "write_text"))->check(bytes).ok());
  EXPECT_FALSE(sink({{"roll_interval", "soon"}}).ok());
  EXPECT_FALSE(sink({{"roll_rows", 0}}).ok());
}

}  // namespace
}  // namespace klein
