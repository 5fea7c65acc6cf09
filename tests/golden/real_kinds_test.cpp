// The four views of the plans in real_kinds/*.json, as `explain` gives them: real files, codecs and a model.

#include <unistd.h>

#include "api/klein.h"
#include "connectors/memory.h"
#include "inference/tiny_model_test.h"
#include "op/json_rows.h"
#include "tests/golden/golden_test.h"

namespace klein {
namespace {

namespace fs = std::filesystem;

/// Three folders of photos and a model, in a temporary folder that is the current one as long as this lives: so paths
/// in plans are the same everywhere.
class Files {
 public:
  Files() {
    fs::create_directories(here_);
    fs::current_path(here_);
    for (const auto* name : {"photos/0", "photos/1", "photos/2"}) write_photos(name);
    std::ofstream("model.onnx", std::ios::binary) << model().bytes();
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    fs::current_path(before_);
    fs::remove_all(here_);
  }

 private:
  static void write_photos(const std::string& folder) {
    const auto rows = rows_from_json(R"([{"id": 1, "camera": "A", "bytes": "no"}, {"id": 2, "camera": "B"}])",
                                     "id: int64, camera: string, taken: timestamp, bytes: binary");
    ASSERT_TRUE(rows.ok()) << rows.error().text();
    const auto table = std::make_shared<Table>(rows->schema(), std::vector{*rows});
    const auto flow = Flow::source("from_arrow", {{"table", Value::Handle(table)}});
    const auto ran = run({*flow->then("write_parquet", {{"path", folder}})});
    ASSERT_TRUE(ran.ok()) << ran.error().text();
  }
  static test::TinyModel model() {
    return {.nodes = {{"Flatten", {"images"}, {"embedding"}}},
            .inputs = {{"images", test::onnx_float, {-1, 3, 8, 8}}},
            .outputs = {{"embedding", test::onnx_float, {-1, 192}}}};
  }

  const fs::path before_ = fs::current_path();
  const fs::path here_ = fs::temp_directory_path() / ("klein_golden_" + std::to_string(::getpid()));
};

TEST(Golden, real_kinds_have_the_views_that_their_files_show) {
  const Files files;
  golden::expect_views("real_kinds", 3, [](const Value& given) -> Result<std::string> {
    const auto plan = KLEIN_TRY(plan_from_json(to_json(*given.find("plan")), registry()));
    RunOptions options;
    options.cores = static_cast<int>(*given.find("cores")->get<std::int64_t>());
    const auto made = KLEIN_TRY(explain(plan, options, registry()));
    return golden::views(made.logical, made.optimized, made.execution, made.physical);
  });
}

}  // namespace
}  // namespace klein
