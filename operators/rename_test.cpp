#include "kind_test.h"

namespace klein {

void register_rename(Registry& registry);

namespace {

const std::string rows = R"([{"id": 1, "name": "a"}])";

TEST(Rename, AnUnknownColumnNamesTheNearest) {
  EXPECT_EQ(output_of(kind_from(register_rename), R"({"columns": {"nmae": "title"}})", rows),
            "there is no column 'nmae'. Did you mean 'name'? Known: id, name.");
}

TEST(Rename, ToANameThatIsTakenIsRefused) {
  EXPECT_EQ(output_of(kind_from(register_rename), R"({"columns": {"id": "name"}})", rows),
            "two columns would be named 'name'; rename or drop the other first");
}

TEST(Rename, TakesInTheNextRename) {
  const auto kind = kind_from(register_rename);
  EXPECT_EQ(merged(kind, R"({"columns": {"a": "b"}})", kind, R"({"columns": {"b": "c", "c": "d"}})"),
            R"({"columns":{"a":"c","c":"d"}})");
}

TEST(Rename, AsksItsInputForTheOldNames) {
  const auto kind = kind_from(register_rename);
  const auto params = params_of(kind, R"({"columns": {"a": "b", "b": "a", "x": "y"}})");
  EXPECT_EQ(text_of(kind.required(kind.narrow(params, {"a", "z"}), {"a", "z"})), "b, z");
}

}  // namespace
}  // namespace klein
