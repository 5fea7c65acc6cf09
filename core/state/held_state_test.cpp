#include "state/held_state.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "state/cells.h"
#include "state/key_groups.h"

namespace klein {
namespace {

struct Row {
  Bytes key;
  std::optional<std::int64_t> value;
  std::int64_t time = 0;
  bool operator==(const Row&) const = default;
};

const Schema values(arrow::schema({arrow::field("value", arrow::int64())}));

Batch rows_of(const std::vector<Row>& rows, const char* time) {
  arrow::BinaryBuilder keys;
  arrow::Int64Builder numbers, times;
  for (const auto& row : rows) {
    EXPECT_TRUE(keys.Append(row.key).ok());
    EXPECT_TRUE((row.value ? numbers.Append(*row.value) : numbers.AppendNull()).ok());
    EXPECT_TRUE(times.Append(row.time).ok());
  }
  const auto schema = arrow::schema({arrow::field("key", arrow::binary()), arrow::field("value", arrow::int64()),
                                     arrow::field(time, arrow::int64())});
  return Batch(arrow::RecordBatch::Make(
      schema, static_cast<std::int64_t>(rows.size()),
      {keys.Finish().ValueOrDie(), numbers.Finish().ValueOrDie(), times.Finish().ValueOrDie()}));
}

void append(const Batch& batch, std::vector<Row>& rows) {
  EXPECT_TRUE(batch.columns()->ValidateFull().ok());
  const auto& keys = static_cast<const arrow::BinaryArray&>(*batch.columns()->column(0));
  const auto& numbers = static_cast<const arrow::Int64Array&>(*batch.columns()->column(1));
  const auto& times = static_cast<const arrow::Int64Array&>(*batch.columns()->column(2));
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    rows.push_back({Bytes(keys.GetView(row)), numbers.IsNull(row) ? std::nullopt : std::optional(numbers.Value(row)),
                    times.Value(row)});
  }
}

class HeldStates : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    held_ = GetParam() ? *HeldState::on_disk(folder_ + "/0", 4 << 20) : HeldState::in_memory();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<HeldRows> table(HeldRows::Several several) { return *held_->add(values, several); }
  static std::vector<Row> read(const HeldRows& table, const std::vector<Bytes>& keys) {
    std::vector<Row> rows;
    append(*table.read(keys), rows);
    return rows;
  }
  static std::vector<Row> told(const Result<std::shared_ptr<const LateRows>>& late, bool sorted = true) {
    std::vector<Row> rows;
    EXPECT_TRUE((*late)
                    ->each([&](const Batch& batch) -> Result<> {
                      append(batch, rows);
                      return {};
                    })
                    .ok());
    if (sorted)  // they come by key group
      std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
    return rows;
  }
  static void write(HeldRows& table, const std::vector<Bytes>& keys, const std::vector<Row>& rows) {
    EXPECT_TRUE(table.write(keys, rows_of(rows, "expiry")).ok());
  }

  const std::string folder_ = testing::TempDir() + "/klein-held-" + std::to_string(getpid());
  std::shared_ptr<HeldState> held_;
};

constexpr auto one = HeldRows::Several::no, several = HeldRows::Several::yes;
using Rows = std::vector<Row>;

TEST_P(HeldStates, gives_the_rows_that_keys_were_given_last) {
  const auto of_one = table(one), of_many = table(several);
  write(*of_one, {"a", "b"}, {{"a", 1}, {"b", 2}});
  write(*of_one, {"a"}, {{"a", 3}});
  write(*of_many, {"a", "b"}, {{"a", 4}, {"a", 5}, {"b", std::nullopt}});
  EXPECT_EQ(read(*of_one, {"b", "x", "a"}), (Rows{{"b", 2}, {"a", 3}}));
  EXPECT_EQ(read(*of_many, {"a", "b"}), (Rows{{"a", 4}, {"a", 5}, {"b", std::nullopt}}));
  write(*of_many, {"a"}, {});
  EXPECT_EQ(read(*of_many, {"a", "b"}), (Rows{{"b", std::nullopt}}));
  EXPECT_EQ(read(*of_one, {"a"}), (Rows{{"a", 3}}));
}

TEST_P(HeldStates, rows_that_are_over_are_told_to_nobody) {
  const auto rows = table(several);
  write(*rows, {"a", "b"}, {{"a", 1, 100}, {"a", 2, 200}, {"b", 3, 0}});
  held_->at(100);
  EXPECT_EQ(read(*rows, {"a", "b"}), (Rows{{"a", 2, 200}, {"b", 3, 0}}));
  EXPECT_EQ(told(rows->all()), (Rows{{"a", 2, 100}, {"b", 3, 0}}));  // what is left
}

TEST_P(HeldStates, changes_are_those_since_they_were_asked_last) {
  const auto of_one = table(one), of_many = table(several);
  write(*of_one, {"a", "b", "c"}, {{"a", 1}, {"b", 2}, {"c", 3}});
  write(*of_many, {"a"}, {{"a", 1}, {"a", 2}});
  EXPECT_EQ(of_one->changed(), 3);
  EXPECT_EQ(told(of_one->all()), (Rows{{"a", 1}, {"b", 2}, {"c", 3}}));
  EXPECT_EQ(of_one->changed(), 0);
  write(*of_one, {"a", "b"}, {{"a", 4}});
  EXPECT_EQ(told(of_one->changes()), (Rows{{"a", 4}, {"b", std::nullopt, -1}}));
  EXPECT_EQ(told(of_one->changes()), Rows());
  // Of several rows a key, those before are ended first.
  EXPECT_EQ(told(of_many->changes()), (Rows{{"a", std::nullopt, -1}, {"a", 1}, {"a", 2}}));
}

TEST_P(HeldStates, a_cut_stays_as_it_was_and_can_be_read_again) {
  const auto rows = table(one);
  write(*rows, {"a", "b"}, {{"a", 1}, {"b", 2}});
  const auto cut = rows->changes();
  write(*rows, {"a", "b", "c"}, {{"a", 9}, {"c", 3}});
  held_.reset();
  EXPECT_EQ(told(cut), (Rows{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(told(cut), (Rows{{"a", 1}, {"b", 2}}));
}

TEST_P(HeldStates, takes_the_rows_of_a_checkpoint_one_snapshot_behind_the_other) {
  const auto of_one = table(one), of_many = table(several);
  ASSERT_TRUE(of_one->restore(rows_of({{"a", 1}, {"b", 2, 50}, {"c", 3}}, "left"), 1000).ok());
  ASSERT_TRUE(of_one->restore(rows_of({{"a", 4}, {"c", std::nullopt, -1}}, "left"), 1000).ok());
  EXPECT_EQ(read(*of_one, {"a", "b", "c"}), (Rows{{"a", 4}, {"b", 2, 1050}}));
  ASSERT_TRUE(of_many->restore(rows_of({{"a", 1}, {"a", 2}, {"b", 3}}, "left"), 0).ok());
  ASSERT_TRUE(of_many->restore(rows_of({{"b", 4}, {"a", std::nullopt, -1}, {"a", 5}}, "left"), 0).ok());
  EXPECT_EQ(read(*of_many, {"a", "b"}), (Rows{{"a", 5}, {"b", 3}, {"b", 4}}));
  EXPECT_EQ(of_many->changed(), 0);
}

TEST_P(HeldStates, many_keys_come_by_group_in_batches) {
  const auto rows = table(one);
  std::vector<Bytes> keys;
  Rows all;
  for (int i = 0; i < 60'000; ++i) {
    keys.push_back(Bytes("\0key ", 5) + std::to_string(i));
    all.push_back({keys.back(), i});
  }
  write(*rows, keys, all);
  std::size_t batches = 0, seen = 0;
  int group = 0;
  const auto late = rows->all();
  ASSERT_TRUE((*late)
                  ->each([&](const Batch& batch) -> Result<> {
                    Rows part;
                    append(batch, part);
                    ++batches;
                    seen += part.size();
                    for (const auto& row : part) {
                      EXPECT_LE(group, group_of(hash_key(row.key)));
                      group = group_of(hash_key(row.key));
                    }
                    return {};
                  })
                  .ok());
  EXPECT_EQ(seen, keys.size());
  EXPECT_GT(batches, 1U);
  EXPECT_EQ(told(rows->changes()).size(), 0U);
  EXPECT_EQ(read(*rows, {keys[77], keys[59'999]}), (Rows{all[77], all[59'999]}));
}

INSTANTIATE_TEST_SUITE_P(OnBoth, HeldStates, testing::Bool(), [](const auto& parameter) {
  return parameter.param ? "disk" : "memory";
});

TEST(Cells, give_values_of_any_type_back) {
  const auto text = R"([{"n": 1, "t": "a", "l": [1, null, 3], "f": [1.5, 2.5], "m": [["k", true]], "b": "AA"},
                        null, {"n": null, "t": "", "l": [], "f": null, "m": null, "b": "\u0000x"}])";
  const auto type = arrow::struct_(
      {arrow::field("n", arrow::int32()), arrow::field("t", arrow::large_utf8()),
       arrow::field("l", arrow::list(arrow::float64())), arrow::field("f", arrow::fixed_size_list(arrow::float32(), 2)),
       arrow::field("m", arrow::map(arrow::utf8(), arrow::boolean())), arrow::field("b", arrow::binary())});
  const auto made = arrow::json::ArrayFromJSONString(type, text).ValueOrDie();
  ASSERT_TRUE(check_cells(*type).ok());
  CellColumn column(type);
  for (std::int64_t row = 0; row < made->length(); ++row) {
    Bytes bytes;
    append_cell(*made, row, bytes);
    for (std::size_t end = 0; end < bytes.size(); ++end) {
      BytesView cut = BytesView(bytes).substr(0, end);
      EXPECT_FALSE(CellColumn(type).read(cut).ok()) << end;
    }
    BytesView view = bytes;
    ASSERT_TRUE(column.read(view).ok());
    EXPECT_TRUE(view.empty());
  }
  const auto again = column.finish();
  ASSERT_TRUE(again->ValidateFull().ok());
  EXPECT_TRUE(again->Equals(*made)) << again->ToString();
  EXPECT_FALSE(check_cells(*arrow::list(arrow::dictionary(arrow::int8(), arrow::utf8()))).ok());
}

}  // namespace
}  // namespace klein
