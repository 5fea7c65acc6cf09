#include "kind_test.h"

namespace klein {

void register_drop(Registry& registry);

namespace {

const std::string rows = R"([{"id": 1, "name": "a"}])";

TEST(Drop, AnUnknownColumnNamesTheNearest) {
  EXPECT_EQ(output_of(kind_from(register_drop), R"({"columns": "nmae"})", rows),
            "there is no column 'nmae'. Did you mean 'name'? Known: id, name.");
}

TEST(Drop, OfAllColumnsIsRefused) {
  EXPECT_EQ(output_of(kind_from(register_drop), R"({"columns": ["id", "name"]})", rows),
            "no column would be left of (id: int64, name: string)");
}

TEST(Drop, NarrowedNeedsNotEvenWhatItDrops) {
  const auto kind = kind_from(register_drop);
  const auto params = params_of(kind, R"({"columns": "name"})");
  EXPECT_EQ(text_of(kind.required(params, {"id"})), "id, name");
  EXPECT_EQ(text_of(kind.required(kind.narrow(params, {"id"}), {"id"})), "id");
}

TEST(Drop, TakesInTheNextDrop) {
  const auto kind = kind_from(register_drop);
  EXPECT_EQ(merged(kind, R"({"columns": "a"})", kind, R"({"columns": "b"})"), R"({"columns":["a","b"],"strict":true})");
}

}  // namespace
}  // namespace klein
