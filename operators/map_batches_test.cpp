#include "function_test.h"

namespace klein {

void register_map_batches(Registry& registry);

namespace {

TEST(MapBatches, EntersTheFunctionOnceABatch) {
  int calls = 0;
  const auto function = function_value([&](const Batch& batch) -> Result<std::vector<Batch>> {
    ++calls;
    return std::vector<Batch>{batch};
  });
  const auto kind = kind_from(register_map_batches);
  ASSERT_TRUE(run_operator(kind, {{"fn", function}}, {{*rows_from_json("[1, 2, 3]"), *rows_from_json("[4]")}}).ok());
  EXPECT_EQ(calls, 2);
}

TEST(MapBatches, RefusesWhatIsNoFunction) {
  EXPECT_EQ(
      output_of(kind_from(register_map_batches), R"({"fn": 3})", "[1]"), "'fn' must be a function, not an integer: 3");
}

}  // namespace
}  // namespace klein
