#pragma once
// Klein's public C++ face: build a Flow, run it.
//   auto photos = KLEIN_TRY(klein::Flow::source("read_parquet", {{"path", "photos"}}));
//   auto report = klein::run({KLEIN_TRY(photos.then("write_parquet", {{"path", "out"}}))});

#include "api/flow.h"

namespace klein {

Result<RunReport> run(const std::vector<Flow>& sinks, const RunOptions& options = {});
Result<std::unique_ptr<Job>> start(const std::vector<Flow>& sinks, const RunOptions& options = {});

}  // namespace klein
