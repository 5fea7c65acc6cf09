#include <arrow/record_batch.h>

#include "kind_test.h"

namespace klein {

void register_select(Registry& registry);
void register_drop(Registry& registry);

namespace {

const std::string rows = R"([{"id": 1, "name": "a", "size": 3}])";

TEST(Select, AnUnknownColumnNamesTheNearest) {
  EXPECT_EQ(output_of(kind_from(register_select), R"({"columns": ["nmae"]})", rows),
            "there is no column 'nmae'. Did you mean 'name'? Known: id, name, size.");
}

TEST(Select, AColumnTwiceIsRefused) {
  EXPECT_EQ(output_of(kind_from(register_select), R"({"columns": ["id", "id"]})", rows), "'id' is selected twice");
}

TEST(Select, FindsItsColumnsAgainWhenTheSchemaChanges) {
  EXPECT_EQ(output_of(kind_from(register_select), map_from(R"({"columns": ["b"]})"),
                      {{R"([{"a": 1, "b": 2}])", R"([{"b": 3, "a": 4}])"}}),
            R"({"b":2} {"b":3})");
}

TEST(Select, SharesItsColumnsWithItsInput) {
  const auto input = *rows_from_json(rows);
  const auto ran = *run_operator(kind_from(register_select), map_from(R"({"columns": "size"})"), {{input}});
  EXPECT_EQ(ran.rows[0].columns()->column_data(0), input.columns()->column_data(2));
}

TEST(Select, TakesInTheNextSelectOrDrop) {
  const auto select = kind_from(register_select), drop = kind_from(register_drop);
  EXPECT_EQ(
      merged(select, R"({"columns": ["id", "name"]})", select, R"({"columns": ["name"]})"), R"({"columns":["name"]})");
  EXPECT_EQ(
      merged(select, R"({"columns": ["id", "name"]})", drop, R"({"columns": ["name"]})"), R"({"columns":["id"]})");
}

TEST(Select, NarrowsToWhatIsWanted) {
  const auto kind = kind_from(register_select);
  const auto params = params_of(kind, R"({"columns": ["id", "name", "size"]})");
  EXPECT_EQ(text_of(kind.required(params, {"id"})), "id, name, size");
  EXPECT_EQ(text_of(kind.required(kind.narrow(params, {"id"}), {"id"})), "id");
}

}  // namespace
}  // namespace klein
