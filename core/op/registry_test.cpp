#include "op/registry.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

Registry with_one_kind() {
  Registry registry;
  registry.add(OperatorKind{
      .name = "limit",
      .doc = "Cuts.",
      .params = {{.name = "count", .type = ParamType::int64, .doc = "How many.", .fallback = Value(7)}},
      .examples = {{.params = "{}", .in = "[1]", .out = "[1]"}},
      .schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs[0]; },
      .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> { return nullptr; }});
  return registry;
}

TEST(Registry, FindsAKindByItsName) {
  const auto registry = with_one_kind();
  EXPECT_EQ(registry.find_operator("limit")->doc, "Cuts.");
  EXPECT_EQ(registry.find_source("limit"), nullptr);
  EXPECT_EQ((*registry.params("limit"))->front().name, "count");
}

TEST(Registry, AnUnknownKindNamesTheNearest) {
  EXPECT_EQ(with_one_kind().params("limti").error().message(),
            "there is no kind of step 'limti'. Did you mean 'limit'? Known: limit.");
}

TEST(Registry, DescribesARowWholly) {
  const auto described = describe(with_one_kind());
  const auto& row = described.find("operators")->get<Value::List>()->front();
  EXPECT_EQ(*row.find("name"), Value("limit"));
  const auto& param = row.find("params")->get<Value::List>()->front();
  EXPECT_EQ(to_json(param),
            R"({"name":"count","type":"int64","doc":"How many.","required":false,"default":7,"choices":[],)"
            R"("keyword_only":false,"variadic":false})");
  EXPECT_EQ(row.find("examples")->get<Value::List>()->size(), 1U);
}

TEST(RegistryDeathTest, ANameThatIsTakenIsABrokenInvariant) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto registry = with_one_kind();
  EXPECT_DEATH(registry.add(*registry.find_operator("limit")), "ok");
}

}  // namespace
}  // namespace klein
