#include "checkpoint/epochs.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace klein {

namespace {

using Splits = std::map<std::string, std::vector<Split>>;

/// A split stays as the last sealed epoch had it until its reader says how far it is.
void apply(const TaskSnapshot& facts, Splits& splits) {
  for (const auto& [source, reading] : facts.reading) {
    for (const auto& split : reading) {
      const auto same = [&](const Split& known) { return known.id == split.id; };
      auto& all = splits[source];
      const auto found = std::find_if(all.begin(), all.end(), same);
      if (found != all.end()) *found = split;
    }
  }
  for (const auto& [source, read] : facts.read) {
    for (const auto& id : read) std::erase_if(splits[source], [&](const Split& split) { return split.id == id; });
  }
}

void append(const std::vector<StoredBatches>& stored, std::vector<StoredBatches>& all) {
  all.insert(all.end(), stored.begin(), stored.end());
}

void append(const Tables& stored, Tables& all) {
  for (const auto& [step, by_name] : stored) {
    for (const auto& [name, each] : by_name) append(each, all[step][name]);
  }
}

/// A step's tables stay where its state says only what has changed since.
void apply(const StoredSnapshot& snapshot, Tables& tables) {
  const auto& states = snapshot.facts.states;
  std::erase_if(tables, [&](const auto& known) {
    const auto state = states.find(known.first);
    return state == states.end() || !state->second.since_last;
  });
  append(snapshot.tables, tables);
}

void add_values(const std::map<std::string, State>& states, Manifest& manifest) {
  for (const auto& [step, state] : states) {
    if (!state.value.is_null()) manifest.states[step].push_back(state.value);
  }
}

}  // namespace

Epochs::Epochs(Splits splits, std::vector<Token> held, bool commits)
    : splits_(std::move(splits)), held_(std::move(held)), commits_(commits) {}

void Epochs::found(const std::string& source, const Found& found) {
  auto& all = splits_[source];
  all.insert(all.end(), found.splits.begin(), found.splits.end());
  looked_[source] = found.position;
}

void Epochs::begin(Epoch epoch, std::set<int> tasks) {
  KLEIN_ASSERT(!open_);
  open_ = epoch;
  missing_ = std::move(tasks);
  failed_ = false;
}

void Epochs::stored(int task, Epoch epoch, StoredSnapshot snapshot) {
  reports_.push_back({task, epoch, std::move(snapshot)});
  if (open_ == epoch) missing_.erase(task);
}

void Epochs::gone(int task, Epoch epoch, TaskSnapshot last) {
  ended_.push_back({epoch, std::exchange(last.states, {})});
  reports_.push_back({task, epoch, {std::move(last), {}}, true});
  if (open_ && epoch <= *open_) missing_.erase(task);
}

Verdict Epochs::verdict(bool running) const {
  return judge({.expected = static_cast<int>(missing_.size()), .write_failed = failed_, .running = running});
}

/// Reports that are part of the open epoch, by epoch: a task's end may be reported before its cut is stored.
std::vector<const Epochs::Report*> Epochs::counted() const {
  std::vector<const Report*> all;
  for (const auto& report : reports_) {
    if (report.epoch <= *open_) all.push_back(&report);
  }
  std::stable_sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->epoch < b->epoch; });
  return all;
}

/// Brings them to the open epoch. What a task that has ended knew by key was all given out at its end.
void Epochs::apply_tables(std::map<int, Tables>& tables) const {
  for (const auto* report : counted()) {
    if (report->ended)
      tables.erase(report->task);
    else
      apply(report->snapshot, tables[report->task]);
  }
}

Manifest Epochs::manifest() const {
  Manifest made{.epoch = *open_, .commits = commits_, .splits = splits_, .looked = looked_};
  made.tokens = held_;
  for (const auto* report : counted()) {
    const auto& snapshot = report->snapshot;
    apply(snapshot.facts, made.splits);
    made.tokens.insert(made.tokens.end(), snapshot.facts.tokens.begin(), snapshot.facts.tokens.end());
    if (report->epoch < *open_) continue;  // its states and batches were of an epoch that is over
    add_values(snapshot.facts.states, made);
    for (const auto& [edge, stored] : snapshot.in_flight) append(stored, made.in_flight[edge]);
  }
  for (const auto& [epoch, states] : ended_) {
    if (epoch <= *open_) add_values(states, made);
  }
  auto tables = tables_;
  apply_tables(tables);
  for (const auto& [task, by_step] : tables) append(by_step, made.tables);
  return made;
}

void Epochs::sealed() {
  auto made = manifest();
  splits_ = std::move(made.splits);
  held_ = commits_ ? std::vector<Token>{} : std::move(made.tokens);
  apply_tables(tables_);
  std::erase_if(reports_, [&](const Report& report) { return report.epoch <= *open_; });
  open_.reset();
}

void Epochs::discarded() { open_.reset(); }

std::vector<Token> Epochs::tokens() const {
  auto all = held_;
  for (const auto& report : reports_) {
    all.insert(all.end(), report.snapshot.facts.tokens.begin(), report.snapshot.facts.tokens.end());
  }
  return all;
}

}  // namespace klein
