// The four views of the plans in plans/*.json, as text and as JSON, against the file beside each. After a change that
// is meant, KLEIN_UPDATE_GOLDEN=1 writes the files anew: read the difference before you commit it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "plan/fake_kinds_test.h"
#include "plan/views.h"

namespace klein {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(KLEIN_SOURCE_DIR) / "tests/golden/plans";

std::string content(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> cases() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<Facts> facts_of(const Plan& plan, const Value& given) {
  Facts facts{
      .cores = static_cast<int>(*given.find("cores")->get<std::int64_t>()), .wish = {}, .splits = {}, .bounded = {}};
  if (const auto* mode = given.find("mode")) facts.wish = *mode == Value("batch") ? Mode::batch : Mode::stream;
  for (const auto& step : plan.steps) {
    const auto* kind = fake_kinds().find_source(step.kind);
    const auto source = kind ? KLEIN_TRY(kind->make(step.params)) : nullptr;
    facts.splits.push_back(source ? static_cast<std::int64_t>(KLEIN_TRY(source->splits()).size()) : 0);
    facts.bounded.push_back(!source || source->bounded());
  }
  return facts;
}

template <typename View>
std::string section(const std::string& title, const View& view) {
  return "== " + title + "\n" + to_text(view) + "-- as JSON\n" + to_json(to_value(view), 1) + "\n";
}

Result<std::string> views(const Value& given) {
  const auto logical = KLEIN_TRY(plan_from_json(to_json(*given.find("plan")), fake_kinds()));
  const auto better = KLEIN_TRY(optimized(logical, fake_kinds()));
  const auto facts = KLEIN_TRY(facts_of(better, given));
  const auto execution = KLEIN_TRY(execution_view(better, facts, fake_kinds()));
  return section("logical", logical) + section("optimized", better) + section("execution", execution) +
         section("physical", place(execution, facts.cores, 256 << 20));
}

TEST(Golden, every_plan_has_the_views_that_its_file_shows) {
  ASSERT_GE(cases().size(), 8U);
  for (const auto& path : cases()) {
    const auto given = parse_json(content(path));
    ASSERT_TRUE(given.ok()) << path << given.error().text();
    const auto made = views(*given);
    const auto text = "# " + *given->find("about")->get<std::string>() + "\n" +
                      (made.ok() ? *made : "refused: " + made.error().text() + "\n");
    auto golden = path;
    golden.replace_extension(".txt");
    if (std::getenv("KLEIN_UPDATE_GOLDEN")) std::ofstream(golden) << text;
    EXPECT_EQ(text, content(golden)) << golden;
  }
}

}  // namespace
}  // namespace klein
