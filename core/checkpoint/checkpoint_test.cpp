#include "checkpoint/checkpoint.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace klein {

extern const char* const source_folder;  // tests/golden/where.cpp

namespace {

Batch numbers(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < count; ++i) KLEIN_ASSERT(builder.Append(first + i).ok());
  const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
  return Batch(
      arrow::RecordBatch::Make(schema, count, {*builder.Finish()}), {.split = nullptr, .row = first, .index = nullptr});
}

std::unique_ptr<Checkpoint> open(const std::shared_ptr<Store>& store) {
  auto opened = Checkpoint::open(store);
  EXPECT_TRUE(opened.ok()) << opened.error().text();
  return *std::move(opened);
}

Manifest sample(Epoch epoch) {
  Manifest manifest{.epoch = epoch, .commits = true};
  manifest.steps = {{"read", "read_parquet"}, {"limit", "limit"}, {"write", "write_parquet"}};
  manifest.splits = {
      {"read", {{.id = "a.parquet#0", .position = std::string("\0\x7f", 2), .rows = 9, .order = 1, .skip = 3}}}};
  manifest.states = {{"limit", {Value(4)}}};
  manifest.in_flight = {{"read>limit:0", {{.key = "batches/000000000001/0-0", .batches = 1, .rows = 2, .bytes = 3}}}};
  manifest.tokens = {{"write", "write_parquet", R"({"version":1})"}};
  return manifest;
}

TEST(Manifest, is_read_as_it_was_written) {
  const auto manifest = sample(Epoch{7});
  const auto read = decode_manifest(encode(manifest));
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(*read, manifest);
}

TEST(Manifest, names_splits_whose_names_are_no_text) {
  Manifest manifest{.epoch = Epoch{1}};
  manifest.splits["read"] = {{.id = "photos/\xff\x01.jpg", .position = "\x80"}, {.id = "photos/\xc3\xa9.jpg"}};
  const auto bytes = encode(manifest);
  EXPECT_NE(bytes.find("photos/\xc3\xa9.jpg"), Bytes::npos);  // text stays readable
  EXPECT_EQ(bytes.find('\xff'), Bytes::npos);
  EXPECT_EQ(decode_manifest(bytes)->splits, manifest.splits);
}

TEST(Manifest, that_version_one_wrote_is_read_for_ever) {
  const auto path = std::string(source_folder) + "/tests/golden/checkpoint/manifest-1";
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  const auto read = decode_manifest(text.str());
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(*read, sample(Epoch{7}));
}

TEST(Manifest, with_any_byte_changed_or_cut_off_is_refused) {
  const auto bytes = encode(sample(Epoch{7}));
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    auto changed = bytes;
    changed[place] = static_cast<char>(changed[place] ^ 1);
    EXPECT_FALSE(decode_manifest(changed).ok()) << "byte " << place;
    EXPECT_FALSE(decode_manifest(BytesView(bytes).substr(0, place)).ok()) << "cut at " << place;
  }
}

TEST(Checkpoint, goes_on_from_the_newest_sealed_epoch_with_its_batches) {
  const std::shared_ptr<Store> store = make_memory_store();
  {
    auto checkpoint = open(store);
    EXPECT_FALSE(checkpoint->last());
    const auto epoch = checkpoint->next_epoch();
    auto manifest = sample(epoch);
    const auto stored = checkpoint->store(epoch, "0-0", {numbers(0, 3), numbers(3, 4)});
    ASSERT_TRUE(stored.ok());
    EXPECT_EQ(stored->rows, 7);
    manifest.in_flight = {{"read>limit:0", {*stored}}};
    ASSERT_TRUE(checkpoint->seal(manifest).ok());
  }
  auto checkpoint = open(store);
  ASSERT_TRUE(checkpoint->last());
  const auto batches = checkpoint->load(checkpoint->last()->in_flight.at("read>limit:0").front());
  ASSERT_TRUE(batches.ok());
  ASSERT_EQ(batches->size(), 2U);
  EXPECT_EQ((*batches)[1].rows(), 4);
  EXPECT_EQ((*batches)[1].header().row, 3);
  EXPECT_GT(checkpoint->next_epoch(), checkpoint->last()->epoch);
}

TEST(Checkpoint, lets_nobody_seal_an_epoch_that_was_open_when_a_new_attempt_began) {
  const std::shared_ptr<Store> store = make_memory_store();
  auto old = open(store);
  const auto unknown = old->next_epoch();  // nothing of it is in the store yet
  auto next = open(store);
  EXPECT_FALSE(old->seal(sample(unknown)).ok());
  EXPECT_TRUE(next->seal(sample(next->next_epoch())).ok());
}

TEST(Checkpoint, names_the_epochs_that_may_not_be_committed_yet) {
  const std::shared_ptr<Store> store = make_memory_store();
  {
    auto checkpoint = open(store);
    const auto first = checkpoint->next_epoch(), second = checkpoint->next_epoch();
    ASSERT_TRUE(checkpoint->seal(sample(first)).ok());
    ASSERT_TRUE(checkpoint->mark_committed(first).ok());
    ASSERT_TRUE(checkpoint->seal(sample(second)).ok());
  }
  const auto checkpoint = open(store);
  ASSERT_EQ(checkpoint->uncommitted().size(), 1U);
  EXPECT_EQ(checkpoint->uncommitted().front().epoch, checkpoint->last()->epoch);
}

TEST(Checkpoint, decides_by_the_slot_whether_an_epoch_is_given_up) {
  const std::shared_ptr<Store> store = make_memory_store();
  auto checkpoint = open(store);
  const auto sealed = checkpoint->next_epoch(), given_up = checkpoint->next_epoch();
  ASSERT_TRUE(checkpoint->seal(sample(sealed)).ok());
  EXPECT_FALSE(*checkpoint->discard(sealed));
  EXPECT_TRUE(*checkpoint->discard(given_up));
  EXPECT_TRUE(*checkpoint->discard(given_up));
  EXPECT_FALSE(checkpoint->seal(sample(given_up)).ok());
}

TEST(Checkpoint, passes_over_a_damaged_epoch_that_was_not_committed_and_says_so) {
  const std::shared_ptr<Store> store = make_memory_store();
  {
    auto checkpoint = open(store);
    ASSERT_TRUE(checkpoint->seal(sample(checkpoint->next_epoch())).ok());
    ASSERT_TRUE(checkpoint->seal(sample(checkpoint->next_epoch())).ok());
  }
  const auto newest = store->list("manifest/")->back();
  auto bytes = **store->read(newest);
  bytes[60] = static_cast<char>(bytes[60] ^ 4);
  ASSERT_TRUE(store->put(newest, bytes).ok());
  {
    const auto checkpoint = open(store);
    ASSERT_TRUE(checkpoint->last());
    EXPECT_NE(checkpoint->warning().find("the one before it is used"), std::string::npos);
  }
  const auto number = newest.substr(newest.find('/'));
  ASSERT_TRUE(store->put("committed" + number, "1").ok());
  EXPECT_FALSE(Checkpoint::open(store).ok());  // what is visible already would be made again
}

TEST(Checkpoint, refuses_batches_that_are_damaged_cut_off_or_gone) {
  const std::shared_ptr<Store> store = make_memory_store();
  auto checkpoint = open(store);
  const auto stored = *checkpoint->store(checkpoint->next_epoch(), "0-0", {numbers(0, 3), numbers(3, 4)});
  const auto bytes = **store->read(stored.key);
  for (const auto place : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
    auto changed = bytes;
    changed[place] = static_cast<char>(changed[place] ^ 1);
    ASSERT_TRUE(store->put(stored.key, changed).ok());
    EXPECT_FALSE(checkpoint->load(stored).ok()) << "byte " << place;
  }
  const auto first = *encode(std::vector<Batch>{numbers(0, 3)});
  ASSERT_TRUE(store->put(stored.key, first).ok());
  EXPECT_EQ(checkpoint->load(stored).error().code(), Code::corrupt);
  ASSERT_TRUE(store->remove(stored.key).ok());
  EXPECT_EQ(checkpoint->load(stored).error().code(), Code::corrupt);
}

TEST(Checkpoint, keeps_as_many_sealed_epochs_as_it_is_told) {
  const std::shared_ptr<Store> store = make_memory_store();
  auto checkpoint = open(store);
  const auto kept_after_one_more = [&](int keep) {
    const auto epoch = checkpoint->next_epoch();
    EXPECT_TRUE(checkpoint->store(epoch, "0-0", {numbers(0, 1)}).ok());
    EXPECT_TRUE(checkpoint->seal(sample(epoch)).ok());
    EXPECT_TRUE(checkpoint->forget_old(epoch, keep).ok());
    return store->list("batches/")->size();
  };
  for (const auto wanted : {1U, 2U, 2U, 2U}) EXPECT_EQ(kept_after_one_more(2), wanted);
  for (const auto wanted : {3U, 4U, 4U}) EXPECT_EQ(kept_after_one_more(4), wanted);
  for (const auto wanted : {1U, 1U}) EXPECT_EQ(kept_after_one_more(1), wanted);
}

TEST(Checkpoint, removes_what_is_older_than_an_epoch_whose_seal_was_not_answered) {
  const std::shared_ptr<Store> store = make_memory_store();
  auto checkpoint = open(store);
  const auto first = checkpoint->next_epoch(), second = checkpoint->next_epoch();
  for (const auto epoch : {first, second}) ASSERT_TRUE(checkpoint->store(epoch, "0-0", {numbers(0, 1)}).ok());
  ASSERT_TRUE(checkpoint->seal(sample(first)).ok());
  ASSERT_TRUE(*store->create("manifest/" + store->list("batches/")->back().substr(8, 12), encode(sample(second))));
  EXPECT_FALSE(*checkpoint->discard(second));
  ASSERT_TRUE(checkpoint->forget_old(second, 1).ok());
  EXPECT_EQ(store->list("batches/")->size(), 1U);
}

TEST(Checkpoint, keeps_rows_by_key_of_old_epochs_as_long_as_a_kept_one_needs_them) {
  const std::shared_ptr<Store> store = make_memory_store();
  auto checkpoint = open(store);
  std::vector<StoredBatches> rows;
  const auto seal = [&] {
    const auto epoch = checkpoint->next_epoch();
    rows.push_back(*checkpoint->store(epoch, "0-0", {numbers(0, 1)}));
    EXPECT_TRUE(checkpoint->store(epoch, "0-1", {numbers(0, 1)}).ok());
    Manifest manifest{.epoch = epoch, .commits = true, .tables = {{"count", {{"rows", rows}}}}};
    EXPECT_TRUE(checkpoint->seal(manifest).ok());
    EXPECT_TRUE(checkpoint->mark_committed(epoch).ok());
    EXPECT_TRUE(checkpoint->forget_old(epoch, 1).ok());
  };
  seal();
  seal();
  checkpoint->close();
  checkpoint = open(store);  // it goes on from what is written
  rows = checkpoint->last()->tables.at("count").at("rows");
  seal();
  EXPECT_EQ(store->list("batches/")->size(), 4U);  // three, and what is on its way in the last
  for (const auto& stored : rows) EXPECT_TRUE(checkpoint->load(stored).ok()) << stored.key;
  rows.clear();
  seal();
  EXPECT_EQ(store->list("batches/")->size(), 2U);
}

TEST(Checkpoint, keeps_the_slot_of_an_epoch_that_was_given_up_whose_manifest_may_still_be_on_its_way) {
  const std::shared_ptr<Store> store = make_memory_store();
  const auto checkpoint = open(store);
  const auto given_up = checkpoint->next_epoch();
  ASSERT_TRUE(*checkpoint->discard(given_up));
  for (int i = 0; i < 4; ++i) {
    const auto epoch = checkpoint->next_epoch();
    ASSERT_TRUE(checkpoint->seal(sample(epoch)).ok());
    ASSERT_TRUE(checkpoint->mark_committed(epoch).ok());
    ASSERT_TRUE(checkpoint->forget_old(epoch, 2).ok());
  }
  EXPECT_FALSE(checkpoint->seal(sample(given_up)).ok());
  checkpoint->close();
  EXPECT_TRUE(open(store)->uncommitted().empty());
}

TEST(Checkpoint, is_empty_once_cleared_but_remembers_what_attempts_left_behind) {
  const std::shared_ptr<Store> store = make_memory_store();
  {
    auto checkpoint = open(store);
    ASSERT_TRUE(checkpoint->begin_attempt({{"write", "write_parquet", "run 1"}}).ok());
    ASSERT_TRUE(checkpoint->seal(sample(checkpoint->next_epoch())).ok());
    ASSERT_TRUE(checkpoint->clear().ok());
  }
  auto checkpoint = open(store);
  EXPECT_FALSE(checkpoint->last());
  ASSERT_EQ(checkpoint->residues().size(), 1U);
  EXPECT_EQ(checkpoint->residues().front().bytes, "run 1");
  ASSERT_TRUE(checkpoint->forget_residues().ok());
  EXPECT_TRUE(open(store)->residues().empty());
}

}  // namespace
}  // namespace klein
