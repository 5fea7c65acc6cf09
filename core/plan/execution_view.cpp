// The third view: which steps share a task, how many tasks there are, and how rows get from one chain to the next.

#include <algorithm>

#include "plan/views.h"

namespace klein {

namespace {

class ViewBuilder {
 public:
  ViewBuilder(const Plan& plan, const Facts& facts, const Registry& registry)
      : plan_(plan), facts_(facts), registry_(registry), chain_of_(plan.steps.size(), -1) {}

  Result<ExecutionView> build() {
    view_.plan = plan_;
    view_.mode = KLEIN_TRY(mode());
    for (int step = 0; step < static_cast<int>(plan_.steps.size()); ++step) add(step);
    for (auto& chain : view_.chains) settle(chain);
    for (int step = 0; step < static_cast<int>(plan_.steps.size()); ++step) link(step);
    // Readers cut batches to what the first slow chain behind them likes, since rows are never coalesced later.
    for (const auto& made : view_.links) {
      auto& from = chain(made.from_chain);
      if (!is_source(from.steps.front())) continue;
      from.read_size.rows = std::min(from.read_size.rows, chain(made.to_chain).read_size.rows);
    }
    return std::move(view_);
  }

 private:
  const Step& step_at(int step) const { return plan_.steps[static_cast<std::size_t>(step)]; }
  Chain& chain(int place) { return view_.chains[static_cast<std::size_t>(place)]; }
  bool is_source(int step) const { return registry_.find_source(step_at(step).kind) != nullptr; }
  bool is_sink(int step) const { return registry_.find_sink(step_at(step).kind) != nullptr; }
  bool bounded(int step) const { return facts_.bounded[static_cast<std::size_t>(step)]; }
  std::int64_t splits(int step) const { return facts_.splits[static_cast<std::size_t>(step)]; }
  bool slow(int step) const {
    const auto* kind = registry_.find_operator(step_at(step).kind);
    return kind && kind->slow;
  }
  bool slow(const Chain& chain) const {
    return std::any_of(chain.steps.begin(), chain.steps.end(), [&](int step) { return slow(step); });
  }
  Lane lane(int step) const {
    const auto* kind = registry_.find_operator(step_at(step).kind);
    return kind ? kind->lane : Lane::compute;
  }
  int max_parallelism(int step) const {
    if (const auto* kind = registry_.find_operator(step_at(step).kind)) return kind->max_parallelism;
    if (const auto* sink = registry_.find_sink(step_at(step).kind)) return sink->max_parallelism;
    return 0;
  }

  Result<Mode> mode() const {
    for (int step = 0; step < static_cast<int>(plan_.steps.size()); ++step) {
      if (bounded(step)) continue;
      if (facts_.wish == Mode::batch) {
        return Error(
                   Code::invalid, "this source never ends, so it can't run as a batch; bound it or leave the mode out")
            .at_step(step_at(step).name);
      }
      return Mode::stream;
    }
    return facts_.wish.value_or(Mode::batch);
  }

  /// Whether `step` may run in the task of the chain that feeds it.
  bool fits(const Chain& chain, int step) const {
    const auto& input = step_at(step).inputs.front();
    const int last = chain.steps.back();
    if (input.step != last || input.port != Port::main) return false;
    int main_consumers = 0;
    for (const int consumer : plan_.consumers(last)) {
      for (const auto& edge : step_at(consumer).inputs) {
        main_consumers += edge.step == last && edge.port == Port::main ? 1 : 0;
      }
    }
    if (main_consumers > 1) return false;
    const int head = chain.steps.front();
    if (is_source(head) && chain.steps.size() == 1 && !bounded(head)) return false;  // polling never waits for a model
    if (is_sink(step) && slow(chain)) return false;  // so that a snapshot of the sink never waits for a slow step
    if (max_parallelism(step) != max_parallelism_of(chain)) return false;
    return is_sink(step) || is_source(last) || lane(step) == chain.lane;
  }

  int max_parallelism_of(const Chain& chain) const {
    int least = 0;
    for (const int step : chain.steps) {
      const int own = max_parallelism(step);
      if (own > 0) least = least == 0 ? own : std::min(least, own);
    }
    return least;
  }

  /// A source that can't keep the cores busy by its splits gives its rows to a chain that can.
  bool too_few_splits(int source, int next) const {
    if (splits(source) >= facts_.cores) return false;
    for (int step = next; !is_sink(step);) {
      if (slow(step)) return true;
      const auto after = plan_.consumers(step);
      if (after.size() != 1 || step_at(after.front()).inputs.size() != 1) return false;
      step = after.front();
    }
    return false;
  }

  void add(int step) {
    const auto& inputs = step_at(step).inputs;
    if (inputs.size() == 1) {
      const int before = chain_of_[static_cast<std::size_t>(inputs.front().step)];
      const bool starved = is_source(inputs.front().step) && too_few_splits(inputs.front().step, step);
      if (!starved && fits(chain(before), step)) {
        chain(before).steps.push_back(step);
        chain_of_[static_cast<std::size_t>(step)] = before;
        return;
      }
    }
    chain_of_[static_cast<std::size_t>(step)] = static_cast<int>(view_.chains.size());
    view_.chains.push_back({.steps = {step}, .parallelism = 1, .lane = first_lane(step), .read_size = {}});
  }

  /// A sink of its own waits for the disk, and an endless source for its peer: neither keeps a core busy.
  Lane first_lane(int step) const {
    if (is_sink(step) || (is_source(step) && !bounded(step))) return Lane::light;
    return lane(step);
  }

  void settle(Chain& chain) {
    const int head = chain.steps.front();
    int wanted = facts_.cores;
    if (is_source(head)) {
      wanted = static_cast<int>(std::clamp<std::int64_t>(splits(head), 1, facts_.cores));
    } else if (!slow(chain)) {
      wanted = 1;
      for (const auto& edge : step_at(head).inputs) {
        wanted = std::max(wanted, this->chain(chain_of_[static_cast<std::size_t>(edge.step)]).parallelism);
      }
      if (is_sink(head))
        wanted = 1;  // one writer makes the fewest files, and keeps up: it only hands bytes to the disk
    }
    if (const int limit = max_parallelism_of(chain); limit > 0) wanted = std::min(wanted, limit);
    chain.parallelism = wanted;
    for (const int step : chain.steps) {
      const auto* kind = registry_.find_operator(step_at(step).kind);
      if (kind && kind->batch_rows > 0) chain.read_size.rows = std::min(chain.read_size.rows, kind->batch_rows);
    }
  }

  void link(int step) {
    const int to = chain_of_[static_cast<std::size_t>(step)];
    if (chain(to).steps.front() != step) return;
    int port = 0;
    for (const auto& edge : step_at(step).inputs) {
      const int from = chain_of_[static_cast<std::size_t>(edge.step)];
      const bool same = chain(from).parallelism == chain(to).parallelism;
      view_.links.push_back({from, to, edge, port++, same ? Exchange::forward : Exchange::rebalance});
    }
  }

  const Plan& plan_;
  const Facts& facts_;
  const Registry& registry_;
  std::vector<int> chain_of_;
  ExecutionView view_;
};

}  // namespace

Result<ExecutionView> execution_view(const Plan& plan, const Facts& facts, const Registry& registry) {
  return ViewBuilder(plan, facts, registry).build();
}

PhysicalView place(const ExecutionView& execution, int cores, std::int64_t memory) {
  PhysicalView view{
      .execution = execution, .tasks = {}, .compute_threads = cores, .light_threads = 1, .memory = memory};
  for (std::size_t chain = 0; chain < execution.chains.size(); ++chain) {
    for (int index = 0; index < execution.chains[chain].parallelism; ++index) {
      view.tasks.push_back({static_cast<int>(chain), index, "local"});
    }
  }
  return view;
}

}  // namespace klein
