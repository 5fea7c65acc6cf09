// The third view: which steps share a task, how many tasks there are, and how rows get from one chain to the next.
// Steps are looked at in the plan's order, each joins its input's chain or begins one: docs/decisions/0004-chains.md.

#include <algorithm>
#include <optional>

#include "op/function_step.h"
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
    for (int step = 0; step < static_cast<int>(plan_.steps.size()); ++step) link(step);
    size_reads();
    return std::move(view_);
  }

 private:
  const Step& step_at(int step) const { return plan_.steps[static_cast<std::size_t>(step)]; }
  Chain& chain(int place) { return view_.chains[static_cast<std::size_t>(place)]; }
  bool is_source(int step) const { return registry_.find_source(step_at(step).kind) != nullptr; }
  bool is_sink(int step) const { return registry_.find_sink(step_at(step).kind) != nullptr; }
  bool bounded(int step) const { return facts_.bounded[static_cast<std::size_t>(step)]; }
  std::int64_t splits(int step) const { return facts_.splits[static_cast<std::size_t>(step)]; }
  const OperatorKind* operator_at(int step) const { return registry_.find_operator(step_at(step).kind); }
  bool slow(int step) const { return operator_at(step) && operator_at(step)->slow; }
  bool slow(const Chain& chain) const {
    return std::any_of(chain.steps.begin(), chain.steps.end(), [&](int step) { return slow(step); });
  }
  /// Whether its work is done in another process.
  bool apart(int step) const { return operator_at(step) && is_remote(*operator_at(step), step_at(step).params); }
  bool apart(const Chain& chain) const {
    return std::any_of(chain.steps.begin(), chain.steps.end(), [&](int step) { return apart(step); });
  }
  Lane lane(int step) const {
    const auto* kind = operator_at(step);
    return kind ? kind->lane : Lane::compute;
  }
  /// Whether rows of equal keys must meet at the step.
  bool keyed(int step) const { return operator_at(step) && operator_at(step)->keys; }
  std::vector<std::string> keys(int step, int port) const {
    return keyed(step) ? operator_at(step)->keys(step_at(step).params, port) : std::vector<std::string>();
  }
  int max_parallelism(int step) const {
    if (keyed(step) && keys(step, 0).empty()) return 1;
    if (const auto* kind = operator_at(step)) return kind->max_parallelism;
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

  /// Whether it has a state, which a snapshot takes between its steps.
  bool stateful(int step) const { return operator_at(step) && operator_at(step)->stateful; }

  int capped(int step, int parallelism) const {
    const int most = max_parallelism(step);
    return most > 0 ? std::min(most, parallelism) : parallelism;
  }

  /// How many inputs a step's main output feeds.
  std::ptrdiff_t main_readers(int step) const {
    std::ptrdiff_t readers = 0;
    for (const auto& reader : plan_.steps) {
      readers += std::count(reader.inputs.begin(), reader.inputs.end(), Edge{step, Port::main});
    }
    return readers;
  }

  /// How many tasks `chain` has once `step` is in it; nothing: it can't have as many as `step` wants, so it stays out.
  std::optional<int> parallelism_with(const Chain& chain, int step) const {
    const int wanted = capped(step, slow(step) ? facts_.cores : chain.parallelism);
    if (wanted == chain.parallelism) return wanted;
    if (!slow(step) || is_source(chain.steps.front())) return std::nullopt;
    const bool grows =
        std::all_of(chain.steps.begin(), chain.steps.end(), [&](int other) { return capped(other, wanted) == wanted; });
    return grows ? std::optional(wanted) : std::nullopt;
  }

  /// The same, where `step` may share a task with what it reads at all.
  std::optional<int> joins(const Chain& chain, int step) const {
    const auto& input = step_at(step).inputs.front();
    const int head = chain.steps.front();
    if (input != Edge{chain.steps.back(), Port::main} || main_readers(input.step) != 1) return std::nullopt;
    // What works elsewhere works at the same time as what comes before and after it.
    if (apart(step) || (apart(chain) && (slow(step) || stateful(step)))) return std::nullopt;
    // Polling never waits for a model, nor for what remembers.
    const bool endless = is_source(head) && !bounded(head);
    if (endless && (slow(step) || stateful(step) || is_sink(step))) return std::nullopt;
    // Nor does a snapshot.
    const bool remembers =
        std::any_of(chain.steps.begin(), chain.steps.end(), [&](int other) { return stateful(other); });
    if (slow(step) ? remembers : slow(chain) && (is_sink(step) || stateful(step))) return std::nullopt;
    if (keyed(step) && capped(step, facts_.cores) > 1) return std::nullopt;  // its rows are to be brought together
    const bool any_lane = is_sink(step) || is_source(input.step);
    if (!any_lane && lane(step) != chain.lane) return std::nullopt;
    return parallelism_with(chain, step);
  }

  void add(int step) {
    const auto& inputs = step_at(step).inputs;
    auto& own = chain_of_[static_cast<std::size_t>(step)];
    if (inputs.size() == 1) {
      const int before = chain_of_[static_cast<std::size_t>(inputs.front().step)];
      if (const auto parallelism = joins(chain(before), step)) {
        if (is_source(inputs.front().step) && !is_sink(step)) chain(before).lane = lane(step);
        chain(before).steps.push_back(step);
        chain(before).parallelism = *parallelism;
        own = before;
        return;
      }
    }
    own = static_cast<int>(view_.chains.size());
    view_.chains.push_back(
        {.steps = {step}, .parallelism = first_parallelism(step), .lane = first_lane(step), .read_size = {}});
  }

  /// A sink of its own waits for the disk, and an endless source for its peer: neither keeps a core busy.
  Lane first_lane(int step) const {
    if (is_sink(step) || (is_source(step) && !bounded(step))) return Lane::light;
    return lane(step);
  }

  int first_parallelism(int step) {
    if (is_source(step)) return static_cast<int>(std::clamp<std::int64_t>(splits(step), 1, facts_.cores));
    if (slow(step)) return capped(step, facts_.cores);
    if (keyed(step)) return capped(step, facts_.cores);
    if (is_sink(step)) return 1;  // one writer makes the fewest files, and keeps up: it only hands bytes to the disk
    int widest = 1;
    for (const auto& edge : step_at(step).inputs) {
      widest = std::max(widest, chain(chain_of_[static_cast<std::size_t>(edge.step)]).parallelism);
    }
    return capped(step, widest);
  }

  /// Readers cut batches to what the steps behind them like, in whichever chain: rows are never coalesced nor cut
  /// later.
  void size_reads() {
    for (auto place = view_.chains.size(); place-- > 0;) {
      auto& rows = view_.chains[place].read_size.rows;
      for (const int step : view_.chains[place].steps) {
        const auto* kind = operator_at(step);
        if (kind && kind->batch_rows > 0) rows = std::min(rows, kind->batch_rows);
      }
      for (const auto& link : view_.links) {
        if (link.from_chain == static_cast<int>(place)) rows = std::min(rows, chain(link.to_chain).read_size.rows);
      }
    }
  }

  void link(int step) {
    const int to = chain_of_[static_cast<std::size_t>(step)];
    if (chain(to).steps.front() != step) return;
    int port = 0;
    for (const auto& edge : step_at(step).inputs) {
      const int from = chain_of_[static_cast<std::size_t>(edge.step)];
      const bool same = chain(from).parallelism == chain(to).parallelism;
      Link link{from, to, edge, port, same ? Exchange::forward : Exchange::rebalance};
      if (keyed(step) && chain(to).parallelism > 1) {
        link.exchange = Exchange::by_key;
        link.keys = keys(step, port);
      }
      view_.links.push_back(std::move(link));
      ++port;
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

Result<> all_in_this_process(const Plan& plan, const Registry& registry) {
  for (const auto& step : plan.steps) {
    const auto* kind = registry.find_operator(step.kind);
    if (!kind || !is_remote(*kind, step.params)) continue;
    return Error(Code::invalid,
                 "its function runs in processes of its own, and a run with a seed can't wait for them; "
                 "leave isolation=\"process\" out here")
        .at_step(step.name);
  }
  return {};
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
