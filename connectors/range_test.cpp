#include <arrow/array/array_primitive.h>
#include <arrow/chunked_array.h>

#include <limits>

#include "connectors/source_suite.h"

namespace klein {
void register_range(Registry& registry);
namespace {

std::unique_ptr<Source> range(const Value::Map& given) {
  auto source = make_source(register_range, "range", given);
  EXPECT_TRUE(source.ok()) << source.error().text();
  return *std::move(source);
}

std::vector<std::int64_t> ids(const Source& source) {
  std::vector<std::int64_t> values;
  const auto rows = read_all(source);
  for (const auto& chunk : rows->column(0)->chunks()) {
    const auto& array = static_cast<const arrow::Int64Array&>(*chunk);
    for (std::int64_t i = 0; i < array.length(); ++i) values.push_back(array.Value(i));
  }
  return values;
}

using Ids = std::vector<std::int64_t>;

TEST(range, counts_as_python_does) {
  EXPECT_EQ(ids(*range({{"count", 3}})), (Ids{0, 1, 2}));
  EXPECT_EQ(ids(*range({{"start", 2}, {"stop", 9}, {"step", 3}})), (Ids{2, 5, 8}));
  EXPECT_EQ(ids(*range({{"start", 2}, {"stop", 8}, {"step", 3}})), (Ids{2, 5}));
  EXPECT_EQ(ids(*range({{"start", 5}, {"stop", 0}, {"step", -2}})), (Ids{5, 3, 1}));
  EXPECT_EQ(ids(*range({{"start", 5}, {"stop", 0}})), Ids{});
  EXPECT_EQ(ids(*range({{"start", 5}, {"stop", 9}, {"step", -1}})), Ids{});
  EXPECT_EQ(ids(*range({{"count", 2}, {"start", -1}})), (Ids{-1, 0}));
  EXPECT_EQ(ids(*range({{"count", 0}})), Ids{});
}

TEST(range, goes_on_from_any_position) { expect_resumable(*range({{"count", 11}, {"start", 7}, {"step", -3}})); }

TEST(range, is_one_split_when_small_and_at_most_a_thousand_when_large) {
  EXPECT_EQ(range({{"count", 65536}})->splits()->size(), 1U);
  EXPECT_EQ(range({{"count", 65537}})->splits()->size(), 2U);
  EXPECT_EQ(range({{"count", std::int64_t{1} << 40}})->splits()->size(), 1024U);
}

TEST(range, refuses_what_has_no_meaning) {
  const auto refusal = [](const Value::Map& given) {
    return make_source(register_range, "range", given).error().message();
  };
  EXPECT_EQ(refusal({}), "range wants `count` or `stop`, one of the two");
  EXPECT_EQ(refusal({{"count", 1}, {"stop", 2}}), "range wants `count` or `stop`, one of the two");
  EXPECT_EQ(refusal({{"stop", 2}, {"step", 0}}), "range's step must not be 0");
  EXPECT_EQ(refusal({{"count", -1}}), "range's count must not be negative: -1");
  EXPECT_NE(
      refusal({{"count", 3}, {"start", std::numeric_limits<std::int64_t>::max()}}).find("64-bit"), std::string::npos);
}

}  // namespace
}  // namespace klein
