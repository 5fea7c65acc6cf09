#include <unistd.h>

#include "connectors/parquet/files_suite.h"

namespace klein {
namespace {

using WriteParquet = ParquetFiles;
namespace fs = std::filesystem;

TEST_F(WriteParquet, nothing_is_visible_before_the_commit_and_all_of_it_after) {
  const auto to = *sink("out");
  const auto token = *stage(*to, {rows(0, 10)});
  EXPECT_EQ(read("out").error().code(), Code::not_found);  // a kill here leaves a hidden folder and nothing else
  ASSERT_EQ(names("out").size(), 1U);
  EXPECT_TRUE(names("out").front().starts_with(".klein-"));
  ASSERT_TRUE(commit(token).ok());
  EXPECT_TRUE(all("out")->Equals(*table(rows(0, 10))));
  ASSERT_TRUE(clear(*to).ok());
  EXPECT_EQ(names("out").size(), 1U);
}

TEST_F(WriteParquet, stages_and_commits_epoch_after_epoch) {
  const auto to = *sink("out");
  const auto writer = *to->open(0, rows(0, 1).schema());
  for (int epoch = 1; epoch < 4; ++epoch) {
    if (epoch != 2) {
      ASSERT_TRUE(writer->write(rows(10 * epoch, 5)).ok());
    }
    const auto token = **writer->prepare(Epoch{epoch});
    EXPECT_EQ(token.empty(), epoch == 2);  // nothing was written: nothing to commit
    if (!token.empty()) {
      ASSERT_TRUE(commit(token).ok());
    }
  }
  EXPECT_EQ(all("out")->num_rows(), 10);
}

TEST_F(WriteParquet, an_empty_file_of_an_earlier_run_goes_when_rows_come) {
  const auto first = *sink("out");
  ASSERT_TRUE(commit(*stage(*first, {rows(0, 0)})).ok());
  ASSERT_EQ(all("out")->num_rows(), 0);
  const auto second = *sink("out", {{"mode", "append"}});
  ASSERT_TRUE(commit(*stage(*second, {rows(0, 4)})).ok());
  ASSERT_TRUE(clear(*first).ok());
  ASSERT_TRUE(clear(*second).ok());
  EXPECT_EQ(names("out").size(), 1U);
}

TEST_F(WriteParquet, names_what_it_replaces_once_however_often_it_prepares) {
  write("out", {rows(0, 3)});
  const auto to = *sink("out", {{"mode", "overwrite"}});
  const auto writer = *to->open(1, std::nullopt);
  EXPECT_NE((**writer->prepare(Epoch{1})).find("part-00000"), Bytes::npos);
  EXPECT_EQ(**writer->prepare(Epoch{2}), "");
}

TEST_F(WriteParquet, clearing_removes_what_was_staged_and_not_what_is_shown) {
  const auto killed = *sink("out");
  ASSERT_TRUE(stage(*killed, {rows(0, 10)}).ok());
  const auto next = *sink("out");
  ASSERT_TRUE(commit(*stage(*next, {rows(10, 5)})).ok());
  ASSERT_TRUE(clear(*killed).ok());
  ASSERT_TRUE(clear(*killed).ok());
  ASSERT_TRUE(clear(*next).ok());
  EXPECT_EQ(names("out").size(), 1U);
  EXPECT_EQ(all("out")->num_rows(), 5);
}

TEST_F(WriteParquet, committing_twice_is_harmless) {
  const auto to = *sink("out");
  const auto first = *stage(*to, {rows(0, 10)}, 0), second = *stage(*to, {rows(10, 5)}, 1);
  for (const auto& token : {first, second, first, second, first}) ASSERT_TRUE(commit(token).ok());
  EXPECT_TRUE(all("out")->Equals(*table(rows(0, 15))));
}

TEST_F(WriteParquet, a_commit_that_was_cut_off_is_finished_by_the_next) {
  const auto to = *sink("out", {{"roll_rows", 5}});
  const auto token = *stage(*to, {rows(0, 10)});
  const auto hidden = names("out").front();
  const auto staged = names("out/" + hidden);
  ASSERT_EQ(staged.size(), 2U);
  fs::rename(path("out/" + hidden + "/" + staged[0]), path("out/" + staged[0]));  // as far as it came
  ASSERT_TRUE(commit(token).ok());
  EXPECT_TRUE(all("out")->Equals(*table(rows(0, 10))));
}

TEST_F(WriteParquet, abort_and_discard_leave_nothing_behind) {
  const auto to = *sink("out");
  const auto token = *stage(*to, {rows(0, 10)});
  ASSERT_TRUE((*write_parquet().committer(nullptr))->abort(Epoch{1}, token).ok());
  EXPECT_TRUE(names("out").empty());
  ASSERT_TRUE(stage(*to, {rows(0, 10)}).ok());
  ASSERT_TRUE(to->discard().ok());
  EXPECT_FALSE(fs::exists(path("out")));  // the folder was the run's own
}

TEST_F(WriteParquet, refuses_a_target_that_holds_files_and_says_what_to_do) {
  write("out", {rows(0, 3)});
  const auto refused = (*sink("out"))->check(std::nullopt);
  EXPECT_EQ(refused.error().message(), path("out") +
                                           " already holds 1 *.parquet file(s); give mode=\"overwrite\" to "
                                           "replace them, mode=\"append\" to add to them, or another path");
  EXPECT_TRUE((*sink("out", {{"mode", "append"}}))->check(std::nullopt).ok());
  EXPECT_TRUE((*sink("other"))->check(std::nullopt).ok());
  EXPECT_FALSE(fs::exists(path("other")));
  std::ofstream(path("file")) << "x";
  EXPECT_EQ((*sink("file"))->check(std::nullopt).error().message(),
            path("file") + " is a file; give the path of a folder to write into");
  EXPECT_FALSE((*sink("file/below"))->check(std::nullopt).ok());
}

TEST_F(WriteParquet, refuses_a_folder_that_it_may_not_write_into) {
  if (::geteuid() == 0) GTEST_SKIP() << "everything is writable to root";
  fs::create_directories(path("locked"));
  fs::permissions(path("locked"), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ((*sink("locked/out"))->check(std::nullopt).error().code(), Code::io);
}

TEST_F(WriteParquet, append_adds_and_overwrite_replaces_only_at_the_commit) {
  write("out", {rows(0, 3)});
  write("out", {rows(3, 2)}, {{"mode", "append"}});
  EXPECT_EQ(all("out")->num_rows(), 5);
  std::ofstream(path("out/notes.txt")) << "not ours";
  const auto to = *sink("out", {{"mode", "overwrite"}});
  const auto token = *stage(*to, {rows(7, 4)});
  EXPECT_EQ(all("out")->num_rows(), 5);
  ASSERT_TRUE(commit(token).ok());
  ASSERT_TRUE(commit(token).ok());
  EXPECT_TRUE(all("out")->Equals(*table(rows(7, 4))));
  EXPECT_TRUE(fs::exists(path("out/notes.txt")));
}

TEST_F(WriteParquet, an_empty_output_is_one_empty_file_with_the_schema) {
  const auto to = *sink("out");
  const auto first = *stage(*to, {rows(0, 0)}, 0), second = *stage(*to, {rows(0, 0)}, 1);
  ASSERT_TRUE(commit(first).ok());
  ASSERT_TRUE(commit(second).ok());
  ASSERT_TRUE(clear(*to).ok());
  EXPECT_EQ(names("out").size(), 1U);
  EXPECT_EQ(all("out")->num_rows(), 0);
  EXPECT_EQ((*read("out"))->schema().text(), "id: int64, name: string");
}

TEST_F(WriteParquet, a_task_without_rows_adds_no_file_whichever_commits_first) {
  for (const bool empty_first : {false, true}) {
    const auto folder = empty_first ? "one" : "two";
    const auto to = *sink(folder);
    const auto empty = *stage(*to, {rows(0, 0)}, 0), full = *stage(*to, {rows(0, 4)}, 1);
    for (const auto& token : {empty_first ? empty : full, empty_first ? full : empty, empty}) {
      ASSERT_TRUE(commit(token).ok());
    }
    ASSERT_TRUE(clear(*to).ok());
    EXPECT_EQ(names(folder).size(), 1U);
    EXPECT_EQ(all(folder)->num_rows(), 4);
  }
}

TEST_F(WriteParquet, small_batches_become_row_groups_and_files_roll_by_rows_and_bytes) {
  std::vector<Batch> ones;
  for (int i = 0; i < 100; ++i) ones.push_back(rows(i, 1));
  write("rows", ones, {{"roll_rows", 30}});
  EXPECT_EQ(names("rows").size(), 4U);
  EXPECT_EQ((*read("rows"))->splits()->size(), 4U);
  EXPECT_EQ((*read("rows"))->splits()->front().rows, 30);
  EXPECT_TRUE(all("rows")->Equals(*table(rows(0, 100))));
  write("bytes", {rows(0, 60'000), rows(60'000, 60'000)},
        {{"row_group_bytes", 400'000}, {"roll_bytes", 1'000'000}, {"compression", "none"}});
  EXPECT_GT(names("bytes").size(), 1U);
  EXPECT_LT(names("bytes").size(), 6U);
  EXPECT_TRUE(all("bytes")->Equals(*table(rows(0, 120'000))));
}

TEST_F(WriteParquet, a_file_that_rolls_over_epochs_is_formed_when_it_is_complete_or_the_run_is_cleared_away) {
  const auto to = *sink("out", {{"roll_interval", "1h"}, {"roll_rows", 30}, {"compression", "snappy"}});
  const auto writer = *to->open(0, rows(0, 1).schema());
  std::vector<Bytes> tokens;
  for (int epoch = 0; epoch < 5; ++epoch) {
    ASSERT_TRUE(writer->write(rows(10 * epoch, 10)).ok());
    tokens.push_back(**writer->prepare(Epoch{epoch + 1}));
    if (epoch == 4) break;  // not sealed before the kill
    ASSERT_TRUE(commit(tokens.back()).ok());
    EXPECT_EQ(names("out").size(), epoch < 2 ? 1U : 2U);
  }
  ASSERT_TRUE(commit(tokens[1]).ok());  // an old one again
  ASSERT_TRUE(commit(tokens[2]).ok());
  EXPECT_TRUE(all("out")->Equals(*table(rows(0, 30))));
  ASSERT_TRUE(clear(*to).ok());
  ASSERT_TRUE(clear(*to).ok());
  EXPECT_EQ(names("out").size(), 2U);
  EXPECT_TRUE(all("out")->Equals(*table(rows(0, 40))));
}

TEST_F(WriteParquet, every_compression_reads_back) {
  for (const auto* name : {"zstd", "snappy", "lz4", "gzip", "none"}) {
    write(name, {rows(0, 1000)}, {{"compression", name}});
    EXPECT_TRUE(all(name)->Equals(*table(rows(0, 1000)))) << name;
  }
}

TEST_F(WriteParquet, columns_that_change_or_have_no_form_in_parquet_are_refused) {
  const auto to = *sink("out");
  const auto writer = *to->open(0, rows(0, 1).schema());
  EXPECT_EQ(writer->write(Batch(*rows(0, 1).columns()->RemoveColumn(0))).error().code(), Code::invalid);
  const Schema strange(arrow::schema({arrow::field("u", arrow::dense_union({arrow::field("a", arrow::int8())}))}));
  EXPECT_TRUE(to->check(strange).error().message().starts_with("Parquet has no form for the column 'u'"));
}

TEST_F(WriteParquet, sizes_below_one_and_unknown_words_are_refused) {
  EXPECT_EQ(sink("out", {{"row_group_bytes", 0}}).error().message(), "row_group_bytes must be at least 1: 0");
  EXPECT_FALSE(sink("out", {{"mode", "replace"}}).ok());
  EXPECT_FALSE(sink("out", {{"compression", "zip"}}).ok());
}

}  // namespace
}  // namespace klein
