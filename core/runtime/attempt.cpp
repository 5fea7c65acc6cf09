#include "runtime/attempt.h"

#include "runtime/coordinator.h"

namespace klein {

namespace {

Result<> begin_anew(Checkpoint& checkpoint, const Registry& registry) {
  std::vector<Token> staged;
  if (checkpoint.last()) staged = checkpoint.last()->tokens;
  for (const auto& manifest : checkpoint.uncommitted())
    staged.insert(staged.end(), manifest.tokens.begin(), manifest.tokens.end());
  KLEIN_TRY(checkpoint.clear());
  KLEIN_TRY(abort(registry, checkpoint.store(), Epoch{}, staged));
  return end_attempts(checkpoint, registry);
}

}  // namespace

Result<std::unique_ptr<Checkpoint>> open_checkpoint(const RunOptions& options, const Registry& registry) {
  if (!options.store && options.checkpoint.empty()) return std::unique_ptr<Checkpoint>();
  auto store = options.store;
  if (!store) store = KLEIN_TRY(make_directory_store(options.checkpoint));
  auto opened = Checkpoint::open(store);
  if (!opened.ok()) return std::move(opened).error().while_doing("opening the checkpoint " + options.checkpoint);
  auto checkpoint = *std::move(opened);
  if (options.restart) {
    KLEIN_TRY(begin_anew(*checkpoint, registry));
    return checkpoint;
  }
  for (const auto& manifest : checkpoint->uncommitted()) {
    KLEIN_TRY(commit(registry, checkpoint->store(), manifest.epoch, manifest.tokens));
    KLEIN_TRY(checkpoint->mark_committed(manifest.epoch));
  }
  const auto& last = checkpoint->last();
  const bool holds = last && !last->commits && !last->tokens.empty();
  if (!holds) KLEIN_TRY(end_attempts(*checkpoint, registry));
  return checkpoint;
}

std::vector<Token> residues_of(const Plan& plan, const std::map<int, std::unique_ptr<Sink>>& sinks) {
  std::vector<Token> residues;
  for (const auto& [place, sink] : sinks) {
    const auto& step = plan.steps[static_cast<std::size_t>(place)];
    if (auto residue = sink->residue(); !residue.empty())
      residues.push_back({step.name, step.kind, std::move(residue)});
  }
  return residues;
}

Result<> end_attempts(Checkpoint& checkpoint, const Registry& registry) {
  KLEIN_TRY(clear(registry, checkpoint.store(), checkpoint.residues()));
  return checkpoint.forget_residues();
}

}  // namespace klein
