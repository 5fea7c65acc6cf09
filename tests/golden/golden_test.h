#pragma once
// Golden files: plans as JSON, and beside each the four views of it, as text and as JSON. After a change that is meant,
// KLEIN_UPDATE_GOLDEN=1 writes the files anew: read the difference before you commit it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "plan/views.h"

namespace klein {
extern const char* const source_folder;  // tests/golden/where.cpp
}

namespace klein::golden {

namespace fs = std::filesystem;

inline std::string content(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

template <typename View>
std::string section(const std::string& title, const View& view) {
  return "== " + title + "\n" + to_text(view) + "-- as JSON\n" + to_json(to_value(view), 1) + "\n";
}

inline std::string views(const Plan& logical, const Plan& optimized, const ExecutionView& execution,
                         const PhysicalView& physical) {
  return section("logical", logical) + section("optimized", optimized) + section("execution", execution) +
         section("physical", physical);
}

/// Compares what `made` gives for each plan in a folder below tests/golden with the text beside it.
template <typename Made>
void expect_views(const std::string& name, std::size_t at_least, const Made& made) {
  std::vector<fs::path> plans;
  for (const auto& entry : fs::directory_iterator(fs::path(source_folder) / "tests/golden" / name)) {
    if (entry.path().extension() == ".json") plans.push_back(entry.path());
  }
  std::sort(plans.begin(), plans.end());
  ASSERT_GE(plans.size(), at_least);
  for (auto path : plans) {
    const auto given = parse_json(content(path));
    ASSERT_TRUE(given.ok()) << path << given.error().text();
    const Result<std::string> shown = made(*given);
    const auto text = "# " + *given->find("about")->template get<std::string>() + "\n" +
                      (shown.ok() ? *shown : "refused: " + shown.error().text() + "\n");
    path.replace_extension(".txt");
    if (std::getenv("KLEIN_UPDATE_GOLDEN")) std::ofstream(path) << text;
    EXPECT_EQ(text, content(path)) << path;
  }
}

}  // namespace klein::golden
