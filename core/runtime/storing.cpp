#include "runtime/storing.h"

#include <iterator>

namespace klein {

namespace {
constexpr std::int64_t object_bytes = 8 << 20;  // of rows that come late: as many as are stored together
}  // namespace

void Storing::add(int task, Epoch epoch, TaskSnapshot snapshot) {
  auto in_flight = std::exchange(snapshot.in_flight, {});
  auto states = snapshot.states;  // whose values and kinds stay with the facts
  for (auto& [step, state] : snapshot.states) {
    state.tables.clear();
    state.late.clear();
  }
  pieces_.push_back({task, epoch, {std::move(snapshot)}, std::move(in_flight), std::move(states)});
}

Result<std::optional<Storing::Stored>> Storing::some(Epoch open) {
  if (pieces_.empty()) return std::optional<Stored>();
  auto& piece = pieces_.front();
  auto done = step(piece, open);
  if (!done.ok()) keep(piece);
  if (!done.ok()) return std::move(done).error();
  if (!piece.in_flight.empty() || !piece.left.empty()) return std::optional<Stored>();
  Stored stored{piece.task, piece.epoch, std::move(piece.stored)};
  pieces_.pop_front();
  return std::optional(std::move(stored));
}

Result<> Storing::step(Piece& piece, Epoch open) {
  if (!piece.in_flight.empty()) {
    auto next = piece.in_flight.extract(piece.in_flight.begin());
    return next.mapped().empty() ? Result<>() : put(piece, open, next.mapped(), piece.stored.in_flight[next.key()]);
  }
  if (piece.left.empty()) return {};
  if (!piece.begun) begin(piece);
  if (!piece.batches.empty()) {
    auto next = piece.batches.extract(piece.batches.begin());
    if (!next.mapped().empty()) KLEIN_TRY(put(piece, open, next.mapped(), piece.tables[next.key()]));
  } else if (!piece.late.empty()) {
    KLEIN_TRY(put_late(piece, open));
  }
  if (piece.batches.empty() && piece.late.empty()) end(piece);
  return {};
}

/// The next state, behind what could not be stored of it before.
void Storing::begin(Piece& piece) {
  auto& [step, state] = *piece.left.begin();
  if (auto before = unsaved_.extract({piece.task, step}); !before.empty()) {
    before.mapped().follow(std::move(state));
    state = std::move(before.mapped());
    piece.stored.facts.states[step].since_last = state.since_last;
  }
  piece.batches = state.tables;
  for (const auto& [name, all] : state.late) {
    for (const auto& rows : all) piece.late.emplace_back(name, rows);
  }
  piece.begun = true;
}

Result<> Storing::put(Piece& piece, Epoch open, const std::vector<Batch>& rows, std::vector<StoredBatches>& into) {
  const auto name = std::to_string(piece.task) + "-" + std::to_string(piece.number++);
  into.push_back(KLEIN_TRY(checkpoint_.store(open, name, rows)));
  return {};
}

Result<> Storing::put_late(Piece& piece, Epoch open) {
  const auto& [name, rows] = piece.late.front();
  if (!piece.reader) piece.reader = rows->read();
  std::vector<Batch> next;
  std::int64_t bytes = 0;
  bool ended = false;
  while (bytes < object_bytes && !ended) {
    auto batch = KLEIN_TRY(piece.reader->next());
    ended = !batch.has_value();
    if (ended) break;
    bytes += batch->bytes();
    next.push_back(*std::move(batch));
  }
  if (!next.empty()) KLEIN_TRY(put(piece, open, next, piece.tables[name]));
  if (!ended) return {};
  piece.reader.reset();
  piece.late.pop_front();
  return {};
}

void Storing::end(Piece& piece) {
  auto& into = piece.stored.tables[piece.left.begin()->first];
  for (auto& [name, stored] : piece.tables) {
    auto& all = into[name];
    all.insert(all.end(), std::make_move_iterator(stored.begin()), std::make_move_iterator(stored.end()));
  }
  if (into.empty()) piece.stored.tables.erase(piece.left.begin()->first);
  piece.tables.clear();
  piece.left.erase(piece.left.begin());
  piece.begun = false;
}

/// The state that is being stored, or the next, is not in this epoch: what was stored before stays as it was.
void Storing::keep(Piece& piece) {
  if (piece.left.empty()) return;
  if (!piece.begun) begin(piece);
  auto first = piece.left.extract(piece.left.begin());
  auto& facts = piece.stored.facts.states[first.key()];
  facts = State(std::move(facts.value));
  facts.since_last = true;
  unsaved_[{piece.task, first.key()}] = std::move(first.mapped());
  piece.tables.clear();
  piece.batches.clear();
  piece.late.clear();
  piece.reader.reset();
  piece.begun = false;
}

std::vector<Storing::Stored> Storing::give_up() {
  std::vector<Stored> all;
  for (auto& piece : pieces_) {
    while (!piece.left.empty()) keep(piece);
    all.push_back({piece.task, piece.epoch, std::move(piece.stored)});
  }
  pieces_.clear();
  return all;
}

}  // namespace klein
