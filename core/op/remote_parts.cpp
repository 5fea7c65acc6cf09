#include "op/remote_parts.h"

#include <algorithm>

#include "op/function.h"

namespace klein {

std::optional<RemoteParts::Place> RemoteParts::next() {
  const auto under_way = [](const Part& part) { return part.state == State::given; };
  for (auto place = parts_.begin(); place != parts_.end(); ++place) {
    if (place->state == State::given && place->deaths > 0) return std::nullopt;
    if (place->state != State::waiting) continue;
    if (place->deaths > 0 && std::any_of(parts_.begin(), parts_.end(), under_way)) return std::nullopt;
    return place;
  }
  return std::nullopt;
}

void RemoteParts::answer(RemoteCalls::Answer answer, const Batch& batch) {
  const auto place = std::find_if(parts_.begin(), parts_.end(), [&](const Part& part) {
    return part.state == State::given && part.call == answer.call;
  });
  if (place == parts_.end()) return;  // of a batch that was given up
  if (answer.lost) return lose(place, std::move(answer));
  if (answer.error) return fail(place, *std::move(answer.error), batch);
  place->made = std::move(answer.made);
  place->state = State::made;
}

void RemoteParts::lose(Place part, RemoteCalls::Answer answer) {
  part->state = State::waiting;
  if (!answer.begun) return;
  if (++part->deaths < 2) return;
  if (part->count > 1) return halve(part, 1);
  part->error = std::move(answer.error);
  part->state = State::failed;
}

void RemoteParts::fail(Place part, Error error, const Batch& batch) {
  auto row = failed_row(batch.slice(part->first, part->count), error);
  if (part->count == 1) row = 0;
  if (!row) {
    if (!unexplained_) unexplained_ = std::move(error);
    return halve(part, 0);
  }
  const auto at = part->first + *row, end = part->first + part->count;
  if (*row > 0) parts_.insert(part, {part->first, *row});
  if (at + 1 < end) parts_.insert(std::next(part), {at + 1, end - at - 1});
  part->first = at;
  part->count = 1;
  part->error = std::move(error);
  part->state = State::failed;
}

void RemoteParts::halve(Place part, int deaths) {
  const auto half = part->count / 2;
  parts_.insert(part, {.first = part->first, .count = half, .deaths = deaths});
  part->first += half;
  part->count -= half;
  part->deaths = deaths;
  part->state = State::waiting;
}

std::optional<RemoteParts::Part> RemoteParts::take_finished() {
  if (parts_.empty()) return std::nullopt;
  auto& first = parts_.front();
  if (first.state != State::made && first.state != State::failed) return std::nullopt;
  if (first.state == State::failed) unexplained_.reset();
  auto part = std::move(first);
  parts_.pop_front();
  return part;
}

}  // namespace klein
