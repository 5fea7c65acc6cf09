#include "runtime/restore.h"

#include <algorithm>
#include <set>

#include "runtime/partition.h"

namespace klein {

std::string edge_name(const Plan& plan, int step, std::size_t port) {
  const auto& to = plan.steps[static_cast<std::size_t>(step)];
  return output_name(plan, to.inputs[port]) + ">" + to.name + ":" + std::to_string(port);
}

namespace {

std::set<std::string> edges_of(const Plan& plan) {
  std::set<std::string> edges;
  for (std::size_t step = 0; step < plan.steps.size(); ++step) {
    for (std::size_t port = 0; port < plan.steps[step].inputs.size(); ++port)
      edges.insert(edge_name(plan, static_cast<int>(step), port));
  }
  return edges;
}

std::string kind_in(const Plan& plan, const std::string& step) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const Step& s) { return s.name == step; });
  return found == plan.steps.end() ? "" : found->kind;
}

/// A sentence for each thing that the plan has no place for.
std::vector<std::string> unmatched(const Manifest& manifest, const Plan& plan) {
  std::vector<std::string> all;
  std::map<std::string, std::string> kinds(manifest.steps.begin(), manifest.steps.end());
  const auto require = [&](const std::string& step, const std::string& what) {
    const auto kind = kind_in(plan, step);
    if (kind.empty())
      all.push_back("the step '" + step + "' (" + kinds[step] + ") is gone, and the checkpoint has " + what);
    if (!kind.empty() && kind != kinds[step])
      all.push_back(
          "the step '" + step + "' was " + kinds[step] + " and is " + kind + ", and the checkpoint has " + what);
  };
  for (const auto& [source, splits] : manifest.splits) require(source, "what it has still to read");
  for (const auto& [step, states] : manifest.states) require(step, "its state");
  for (const auto& [step, tables] : manifest.tables) require(step, "its state");
  for (const auto& token : manifest.tokens) require(token.step, "rows that it wrote and that are not shown yet");
  for (const auto& step : plan.steps) {
    if (step.inputs.empty() && !manifest.splits.contains(step.name))
      all.push_back("the source '" + step.name + "' is new");
  }
  const auto edges = edges_of(plan);
  for (const auto& [edge, stored] : manifest.in_flight) {
    if (!edges.contains(edge)) all.push_back("no step takes the rows that were on their way: " + edge);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Result<> load(const Checkpoint& checkpoint, const std::vector<StoredBatches>& all, std::vector<Batch>& into) {
  for (const auto& stored : all) {
    auto batches = KLEIN_TRY(checkpoint.load(stored));
    into.insert(into.end(), std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
  }
  return {};
}

/// A table in the store, of which an object at a time is in memory.
class StoredRows final : public LateRows {
 public:
  StoredRows(const Checkpoint& checkpoint, std::vector<StoredBatches> all)
      : checkpoint_(checkpoint), all_(std::move(all)) {}
  std::unique_ptr<Reader> read() const override { return std::make_unique<Objects>(checkpoint_, all_); }

 private:
  class Objects final : public Reader {
   public:
    Objects(const Checkpoint& checkpoint, const std::vector<StoredBatches>& all) : checkpoint_(checkpoint), all_(all) {}
    Result<std::optional<Batch>> next() override {
      while (place_ == batches_.size()) {
        if (object_ == all_.size()) return std::optional<Batch>();
        batches_.clear();  // before there are others
        batches_ = KLEIN_TRY(checkpoint_.load(all_[object_++]));
        place_ = 0;
      }
      return std::optional(std::move(batches_[place_++]));
    }

   private:
    const Checkpoint& checkpoint_;
    const std::vector<StoredBatches> all_;
    std::size_t object_ = 0, place_ = 0;
    std::vector<Batch> batches_;
  };

  const Checkpoint& checkpoint_;
  const std::vector<StoredBatches> all_;
};

bool is_late(const Registry& registry, const Plan& plan, const std::string& step) {
  const auto* kind = registry.find_operator(kind_in(plan, step));
  return kind && kind->late;
}

}  // namespace

Result<State> state_of(const Recovery& recovery, const std::string& step, int task, int tasks) {
  State state;
  if (const auto found = recovery.states.find(step); found != recovery.states.end()) {
    if (static_cast<int>(found->second.size()) != tasks) {
      return Error(Code::invalid, "its state was that of " + std::to_string(found->second.size()) + " tasks, not of " +
                                      std::to_string(tasks));
    }
    state.value = found->second[static_cast<std::size_t>(task)];
  }
  if (const auto found = recovery.tables.find(step); found != recovery.tables.end()) {
    for (const auto& [name, rows] : found->second) state.tables[name] = KLEIN_TRY(rows_of_task(rows, task, tasks));
  }
  if (const auto found = recovery.late.find(step); found != recovery.late.end()) {
    for (const auto& [name, rows] : found->second) state.late[name] = {late_rows_of_task(rows, task, tasks)};
  }
  return state;
}

Result<Recovery> restore(const Checkpoint& checkpoint, const Manifest& manifest, const Plan& plan,
                         const Registry& registry) {
  const auto lost = unmatched(manifest, plan);
  if (!lost.empty()) {
    std::string list;
    for (const auto& each : lost) list += (list.empty() ? "" : "; ") + each;
    return Error(Code::invalid, "the program has changed since the checkpoint was made: " + list +
                                    ". Give steps the names that they had (name=), or begin anew with restart=True");
  }
  Recovery recovery;
  recovery.states = manifest.states;
  for (const auto& [edge, all] : manifest.in_flight) {
    KLEIN_TRY(load(checkpoint, all, recovery.in_flight[edge]));
  }
  for (const auto& [step, by_name] : manifest.tables) {
    const bool late = is_late(registry, plan, step);
    for (const auto& [name, all] : by_name) {
      if (late)
        recovery.late[step][name] = std::make_shared<StoredRows>(checkpoint, all);
      else
        KLEIN_TRY(load(checkpoint, all, recovery.tables[step][name]));
    }
  }
  return recovery;
}

}  // namespace klein
