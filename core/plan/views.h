#pragma once
// The last two of the four views: what runs (chains, exchanges, parallelism) and where it runs (tasks on threads). Each
// is a value made by a pure function, so that the runtime, `explain`, the dashboard and the golden tests see one thing.

#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace klein {

enum class Mode { batch, stream };
enum class Exchange { forward, rebalance, by_key, broadcast };

/// Steps that run in one task, without a channel between them.
struct Chain {
  std::vector<int> steps;  // places in the plan, in order; each feeds the next by its main port
  int parallelism = 1;
  Lane lane = Lane::compute;
  ReadSize read_size;  // for a chain that begins with a source
};

/// Rows between chains.
struct Link {
  int from_chain, to_chain;
  Edge edge;    // where in the plan the rows come from
  int to_port;  // which input of the receiving step
  Exchange exchange;
  std::vector<std::string> keys = {};  // of `by_key`
};

/// What the mode, parallelism and splits are decided from.
struct Facts {
  int cores = 1;
  std::optional<Mode> wish;          // an explicit mode; refused with a reason where it can't hold
  std::vector<std::int64_t> splits;  // for each step that is a source: how many; else 0
  std::vector<bool> bounded;         // for each step that is a source: whether it ends; else true
};

struct ExecutionView {
  Plan plan;
  Mode mode = Mode::batch;
  std::vector<Chain> chains;  // in topological order
  std::vector<Link> links;
};
Result<ExecutionView> execution_view(const Plan& plan, const Facts& facts, const Registry& registry);

/// Refuses steps whose work is done in other processes, of which virtual time knows nothing.
Result<> all_in_this_process(const Plan& plan, const Registry& registry);

/// One task: the i-th of its chain.
struct PlacedTask {
  int chain, index;
  std::string node;  // "local" in the embedded mode
};
struct PhysicalView {
  ExecutionView execution;
  std::vector<PlacedTask> tasks;
  int compute_threads = 1, light_threads = 1;
  std::int64_t memory = 256 << 20;  // bytes in flight between tasks
};
PhysicalView place(const ExecutionView& execution, int cores, std::int64_t memory);

std::string_view to_string(Lane lane);
std::string_view to_string(Mode mode);
std::string_view to_string(Exchange exchange);
std::string to_text(const ExecutionView& view);
std::string to_text(const PhysicalView& view);
Value to_value(const ExecutionView& view);
Value to_value(const PhysicalView& view);

}  // namespace klein
