#include "kind_test.h"

namespace klein {

void register_limit(Registry& registry);

namespace {

TEST(Limit, CutsInTheMiddleOfABatch) {
  EXPECT_EQ(output_of(kind_from(register_limit), map_from(R"({"count": 3})"), {{"[1, 2]", "[3, 4]", "[5]"}}), "1 2 3");
}

TEST(Limit, WantsNoMoreOnceItHasAll) {
  const auto ran = *run_operator(kind_from(register_limit), {{"count", 2}}, {{*rows_from_json("[1, 2]")}});
  EXPECT_TRUE(ran.finished);
}

TEST(Limit, GoesOnWhereASnapshotStood) {
  const auto kind = kind_from(register_limit);
  const auto params = params_of(kind, R"({"count": 3})");
  const auto first = *kind.make(params, {}), second = *kind.make(params, {});
  Output out;
  ASSERT_TRUE(first->process(0, *rows_from_json("[1, 2]"), out).ok());
  ASSERT_TRUE(second->restore(*first->snapshot()).ok());
  ASSERT_TRUE(second->process(0, *rows_from_json("[3, 4]"), out).ok());
  EXPECT_EQ(out.emitted().back().second.rows(), 1);
}

TEST(Limit, ANegativeCountIsRefused) {
  EXPECT_EQ(output_of(kind_from(register_limit), R"({"count": -1})", "[1]"), "'count' must not be negative: -1");
}

TEST(Limit, OfALimitIsTheSmaller) {
  const auto kind = kind_from(register_limit);
  EXPECT_EQ(merged(kind, R"({"count": 5})", kind, R"({"count": 3})"), R"({"count":3})");
}

}  // namespace
}  // namespace klein
