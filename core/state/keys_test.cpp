#include "state/keys.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <set>

#include "state/key_table.h"

namespace klein {
namespace {

Batch rows() {
  arrow::Int32Builder numbers;
  arrow::StringBuilder texts;
  arrow::BooleanBuilder flags;
  EXPECT_TRUE(numbers.AppendValues({7, 7, 0}, {true, true, false}).ok());
  EXPECT_TRUE(texts.AppendValues({"a", "", "a"}).ok());
  EXPECT_TRUE(flags.AppendValues(std::vector<bool>{true, false, true}).ok());
  const auto schema = arrow::schema(
      {arrow::field("n", arrow::int32()), arrow::field("t", arrow::utf8()), arrow::field("b", arrow::boolean())});
  return Batch(arrow::RecordBatch::Make(schema, 3, {*numbers.Finish(), *texts.Finish(), *flags.Finish()}));
}

TEST(Keys, give_back_the_values_that_they_were_made_of) {
  const auto batch = rows();
  const auto codec = *KeyCodec::make(batch.schema(), {"t", "n", "b"});
  const auto keys = *codec.encode(batch);
  const auto columns = codec.decode({keys[0], keys[1], keys[2]});
  ASSERT_TRUE(columns.ok()) << columns.error().text();
  EXPECT_TRUE((*columns)[0]->Equals(*batch.columns()->column(1)));
  EXPECT_TRUE((*columns)[1]->Equals(*batch.columns()->column(0)));
  EXPECT_TRUE((*columns)[2]->Equals(*batch.columns()->column(2)));
}

TEST(Keys, of_equal_rows_are_equal_wherever_the_rows_are) {
  const auto batch = rows();
  const auto codec = *KeyCodec::make(batch.schema(), {"n"});
  const auto whole = *codec.encode(batch), rest = *codec.encode(batch.slice(1, 2));
  EXPECT_EQ(whole[0], whole[1]);
  EXPECT_NE(whole[1], whole[2]);
  EXPECT_EQ(whole[1], rest[0]);
  EXPECT_EQ(whole.hash(2), rest.hash(1));
}

TEST(Keys, never_change_their_hash) {
  EXPECT_EQ(hash_key("klein"), hash_key(std::string("klein")));
  EXPECT_EQ(group_of(hash_key("klein")), 704);
  EXPECT_EQ(group_of(hash_key("a key that is longer than one word")), 506);
}

TEST(Keys, can_not_be_lists) {
  const Schema schema(arrow::schema({arrow::field("l", arrow::list(arrow::int8()))}));
  const auto codec = KeyCodec::make(schema, {"l"});
  ASSERT_FALSE(codec.ok());
  EXPECT_NE(codec.error().text().find("'l'"), std::string::npos) << codec.error().text();
}

TEST(KeyGroups, go_to_tasks_in_ranges_and_every_task_has_some) {
  for (const int tasks : {1, 2, 3, 7, 720}) {
    std::set<int> seen;
    for (int group = 0, last = 0; group < key_groups; ++group) {
      const int task = task_of(group, tasks);
      EXPECT_GE(task, last);
      seen.insert(last = task);
    }
    EXPECT_EQ(static_cast<int>(seen.size()), tasks);
  }
}

TEST(KeyTable, numbers_keys_in_the_order_they_came) {
  KeyTable table;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const auto key = std::to_string(i % 1000);
    EXPECT_EQ(table.add(key, hash_key(key)), i % 1000);
  }
  EXPECT_EQ(table.size(), 1000U);
  EXPECT_EQ(table.key(17), "17");
  EXPECT_EQ(table.hash(17), hash_key("17"));
}

}  // namespace
}  // namespace klein
