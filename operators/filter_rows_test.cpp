#include "function_test.h"

namespace klein {

void register_filter_rows(Registry& registry);

namespace {

TEST(FilterRows, KeepsTheSchemaOfItsInputAndTheRowsThatTheFunctionKeeps) {
  const auto kind = kind_from(register_filter_rows);
  const auto function = function_value([](const Batch& batch) -> Result<std::vector<Batch>> {
    return std::vector<Batch>{KLEIN_TRY(batch.pick({1}))};
  });
  const auto rows = *rows_from_json("[1, 2, 3]");
  const auto schema = kind.schema(*Params::make(kind.params, {{"fn", function}}), {rows.schema()});
  EXPECT_EQ(**schema, rows.schema());
  EXPECT_EQ(*rows_to_json(run_operator(kind, {{"fn", function}}, {{rows}})->rows), std::vector<std::string>{"2"});
}

}  // namespace
}  // namespace klein
