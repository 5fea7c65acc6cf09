#include "api/program.h"

namespace klein {

Program Program::then(const Verb& verb, const std::vector<Program>& others) const {
  const auto made = [&]() -> Result<Flow> {
    std::vector<Flow> flows;
    for (const auto& other : others) flows.push_back(KLEIN_TRY(other.flow()));
    return KLEIN_TRY(flow_).then(verb.kind, verb.params, verb.name, flows);
  };
  return Program(made());
}

Result<RunReport> run(const Program& program, const RunOptions& options) {
  return run(std::vector<Flow>{KLEIN_TRY(program.flow())}, options);
}

}  // namespace klein
