#include "function_test.h"

namespace klein {

void register_flat_map(Registry& registry);
void register_map(Registry& registry);

namespace {

const auto& twice() {
  static const auto function = function_value([](const Batch& batch) -> Result<std::vector<Batch>> {
    return std::vector<Batch>{batch, batch};
  });
  return function;
}

TEST(FlatMap, PassesOnAllThatTheFunctionReturns) {
  const auto ran = *run_operator(kind_from(register_flat_map), {{"fn", twice()}}, {{*rows_from_json("[1, 2]")}});
  EXPECT_EQ(join(*rows_to_json(ran.rows), " "), "1 2 1 2");
}

TEST(FlatMap, TakesInTheNextMapButNoMapTakesInAFlatMap) {
  const auto flat_map = kind_from(register_flat_map), map = kind_from(register_map);
  const auto params = *Params::make(flat_map.params, {{"fn", twice()}});
  EXPECT_TRUE(flat_map.merge(params, "map", params));
  EXPECT_FALSE(map.merge(params, "flat_map", params));
}

}  // namespace
}  // namespace klein
