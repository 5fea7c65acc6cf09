#include "api/klein.h"

namespace klein {

Result<std::unique_ptr<Job>> start(const std::vector<Flow>& sinks, const RunOptions& options) {
  return Job::start(KLEIN_TRY(plan_of(sinks)), options, registry());
}

Result<RunReport> run(const std::vector<Flow>& sinks, const RunOptions& options) {
  return KLEIN_TRY(start(sinks, options))->wait();
}

}  // namespace klein
