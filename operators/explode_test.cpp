#include "kind_test.h"

namespace klein {

void register_explode(Registry& registry);

namespace {

TEST(Explode, OfWhatIsNoListIsRefused) {
  EXPECT_EQ(output_of(kind_from(register_explode), R"({"column": "id"})", R"([{"id": 1}])"),
            "'id' must be a list to explode; it is int64");
}

TEST(Explode, RowsKnowTheRowTheyComeFrom) {
  const auto rows = rows_from_json(R"([{"a": [0]}, {"a": [1, 2]}, {"a": null}, {"a": [3]}])")->slice(1, 3);
  const auto ran = *run_operator(kind_from(register_explode), map_from(R"({"column": "a"})"), {{rows}});
  EXPECT_EQ(*rows_to_json(ran.rows), (std::vector<std::string>{R"({"a":1})", R"({"a":2})", R"({"a":3})"}));
  EXPECT_EQ(ran.rows[0].row_number(1), 1);
  EXPECT_EQ(ran.rows[0].row_number(2), 3);
}

TEST(Explode, PausesWhenItsOutputIsFull) {
  const auto kind = kind_from(register_explode);
  std::string list = "[0";
  for (int i = 1; i < 1000; ++i) list += "," + std::to_string(i);
  std::string rows = "[";
  for (int i = 0; i < 40; ++i) rows += (i ? "," : "") + std::string("{\"a\": ") + list + "]}";
  const auto step = *kind.make(params_of(kind, R"({"column": "a"})"), {});
  Output out(1000);
  EXPECT_EQ(*step->process(0, *rows_from_json(rows + "]"), out), Progress::more);
  std::int64_t emitted = out.emitted()[0].second.rows();
  EXPECT_LT(emitted, 40000);
  for (auto progress = Progress::more; progress == Progress::more;) {
    out.clear();
    progress = *step->resume(out);
    for (const auto& [port, batch] : out.emitted()) emitted += batch.rows();
  }
  EXPECT_EQ(emitted, 40000);
}

}  // namespace
}  // namespace klein
