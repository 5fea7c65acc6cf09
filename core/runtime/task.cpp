#include "runtime/task.h"

#include <algorithm>
#include <limits>

namespace klein {

namespace {
constexpr std::int64_t part_bytes = 16 << 20;   // a step that emits more publishes in parts, where it may
constexpr std::int64_t measured_turn = 50'000;  // nanoseconds: turns as long as this have their CPU time measured
constexpr auto any_rows = std::numeric_limits<std::int64_t>::max();
}  // namespace

void Task::assemble(Parts parts, const Clock& clock) {
  parts_ = std::move(parts);
  clock_ = &clock;
  step_clock_.assemble(clock);
}

Turn Task::run(int steps) {
  if (!begun_.load()) return Turn::wait;
  if (finished_) return Turn::finished;
  const bool measured = mean_turn_ > measured_turn;
  const auto cpu_begin = measured ? thread_cpu_time() : 0;
  const auto begin = clock_->now();
  metrics_.go_on(begin);
  held_back_ = false;
  auto turn = Turn::again;
  for (int i = 0; i < steps && turn == Turn::again; ++i) {
    step_clock_.begin_step(parts_.by_row || parts_.gather);
    auto stepped = step();
    if (!stepped.ok() || *stepped != Turn::wait) step_clock_.end_step();
    turn = stepped.ok() ? *stepped : fail(std::move(stepped).error());
  }
  const auto wall = clock_->now() - begin;
  if (held_back_) metrics_.held_back_since.store(begin + wall, std::memory_order_relaxed);
  mean_turn_ += (wall - mean_turn_) / 4;
  account(wall, measured ? thread_cpu_time() - cpu_begin : wall);
  if (turn == Turn::wait) set_timer();
  // The last thing: once the coordinator knows, this may be released.
  if (turn == Turn::finished) hand_over();
  return turn;
}

/// CPU time is measured for the turn as a whole and shared among the stages as their wall time was.
void Task::account(std::int64_t wall, std::int64_t cpu) {
  const double share = wall > 0 ? std::min(1.0, static_cast<double>(cpu) / static_cast<double>(wall)) : 0;
  const auto add = [&](StepMetrics& metrics, std::int64_t busy) {
    if (busy > 0) count(metrics.cpu, static_cast<std::int64_t>(static_cast<double>(busy) * share));
  };
  for (const auto& stage : parts_.stages) add(stage->metrics(), stage->take_busy());
  if (parts_.source_metrics) add(*parts_.source_metrics, std::exchange(source_busy_, 0));
}

Result<Turn> Task::step() {
  if (coordinator_.stopping()) return finish();
  if (prepared_) return prepare();
  if (holding_.empty() && ended_) return parts_.sinks.empty() ? finish() : begin_prepare();
  if (holding_.empty() && parts_.stateful) {
    KLEIN_TRY(snapshot(Epoch{asked_.load()}, overtake_.load()));
    if (prepared_) return Turn::again;
  }
  if (!writable()) return held_back();
  if (holding_.empty()) {
    if (abandoned()) {
      parts_.input->close();
      return finish();
    }
    if (!ring() && KLEIN_TRY(take()) == Turn::wait) return Turn::wait;
    if (holding_.empty()) return Turn::again;
  }
  return advance();
}

Result<Turn> Task::take() {
  auto* source = parts_.source_metrics;
  auto rows = parts_.by_row ? step_size_.rows() : any_rows;
  if (parts_.gather) rows = std::min(rows, parts_.gather->rows(step_clock_.last()));
  if (rows == 0) return Turn::wait;
  std::optional<Taken> taken;
  if (source) step_clock_.begin_call(*source);
  auto took = parts_.input->take(step_clock_.last(), rows, taken);
  source_busy_ += source ? step_clock_.end_call(*source) : step_clock_.tick();
  (void)step_clock_.take_busy();  // what follows is the stages'
  KLEIN_TRY(std::move(took));
  if (!taken) return source && source->over_budget ? held_back() : Turn::wait;
  if (const auto* barrier = std::get_if<Barrier>(&taken->item)) {
    KLEIN_TRY(snapshot(barrier->epoch, true));
    return Turn::again;
  }
  holding_.push_back(*std::move(taken));
  auto& first = holding_.front();
  const auto* watermark = std::get_if<Watermark>(&first.item);
  ended_ = watermark && watermark->is_end();
  if (parts_.stages.empty() && watermark) {
    send(parts_.source_links, *watermark);
  } else if (parts_.stages.empty()) {
    KLEIN_TRY(send(parts_.source_links, Batch(std::get<Batch>(first.item))));
  } else if (watermark) {
    parts_.stages.front()->context.ended = first.ended;
    parts_.stages.front()->give(*watermark);
  } else {
    give(first);
    if (parts_.gather && !first.restored) take_more(rows);
  }
  return Turn::again;
}

/// Up to so many rows in all.
void Task::take_more(std::int64_t rows) {
  for (auto held = rows_held(); held < rows; held = rows_held()) {
    std::optional<Taken> taken;
    parts_.gather->take(rows - held, taken);
    if (!taken) return;
    holding_.push_back(*std::move(taken));
    give(holding_.back());
  }
}

/// What is left of it still knows how many rows it had; the input has the rows themselves.
void Task::give(Taken& taken) { parts_.stages[taken.stage]->give(taken.port, std::move(std::get<Batch>(taken.item))); }

std::int64_t Task::rows_held() const {
  std::int64_t rows = 0;
  for (const auto& taken : holding_) {
    if (const auto* batch = std::get_if<Batch>(&taken.item)) rows += batch->rows();
  }
  return rows;
}

/// The deepest stage that has work goes first, so that little is held between stages.
Result<Turn> Task::advance() {
  for (auto place = parts_.stages.size(); place-- > 0;) {
    auto& stage = *parts_.stages[place];
    if (!stage.has_work()) continue;
    step_clock_.begin_call(stage.metrics());
    auto called = stage.advance();
    stage.add_busy(step_clock_.end_call(stage.metrics()));
    const auto moved = KLEIN_TRY(std::move(called));
    KLEIN_TRY(collect(place));
    // What a sink waits for is room in what it writes to.
    if (moved == Stage::Moved::blocked) return parts_.sinks.empty() ? Turn::wait : held_back();
    if (moved == Stage::Moved::finished) cut(place);
    if (stage.has_more()) {
      publish_part();
      if (!writable()) return held_back();
    }
    place = parts_.stages.size();
  }
  const auto ends = [](const std::unique_ptr<Stage>& stage) { return stage->end_step(); };
  if (std::any_of(parts_.stages.begin(), parts_.stages.end(), ends)) return Turn::again;
  publish();
  return Turn::again;
}

Result<> Task::collect(std::size_t place) {
  auto& stage = *parts_.stages[place];
  for (auto& [port, batch] : stage.output().emitted()) KLEIN_TRY(route(place, port, std::move(batch)));
  stage.output().clear();
  if (const auto watermark = stage.passed()) route(place, *watermark);
  return {};
}

void Task::send(const std::vector<int>& links, Watermark watermark) {
  for (const int link : links) outbox_.push_back({link, -1, watermark});
}

Result<> Task::send(const std::vector<int>& links, Batch&& batch) {
  for (const int place : links) {
    auto& link = parts_.links[static_cast<std::size_t>(place)];
    if (!link.by_key()) {
      outbox_.push_back({place, -1, place == links.back() ? std::move(batch) : batch});
      continue;
    }
    for (auto& [task, rows] : KLEIN_TRY(link.parts(batch))) outbox_.push_back({place, task, std::move(rows)});
  }
  return {};
}

void Task::push_outbox() {
  for (auto& [place, task, item] : outbox_) {
    auto& link = parts_.links[static_cast<std::size_t>(place)];
    task < 0 ? link.push(item) : link.push(item, task);
  }
}

bool Task::ring() {
  bool any = false;
  for (const auto& stage : parts_.stages) {
    if (stage->alarm() == 0 || stage->alarm() > clock_->now()) continue;
    stage->ring();
    any = true;
  }
  if (any) holding_.push_back({.item = Watermark(), .rung = true});
  return any;
}

/// Whoever waits is woken for the first alarm.
void Task::set_timer() {
  if (!holding_.empty()) return;
  std::int64_t first = parts_.gather ? parts_.gather->wait_until() : 0;
  for (const auto& stage : parts_.stages) {
    if (stage->alarm() != 0 && (first == 0 || stage->alarm() < first)) first = stage->alarm();
  }
  if (first == 0 || first == timer_) return;
  timer_ = first;
  const auto& context = parts_.stages.front()->context;
  context.timers->wake_at(first, context.waker);
}

Result<> Task::route(std::size_t place, Port port, Batch&& batch) {
  const auto& links = parts_.stages[place]->links[static_cast<std::size_t>(port)];
  const bool onward = port == Port::main && place + 1 < parts_.stages.size();
  if (onward && links.empty()) {
    parts_.stages[place + 1]->give(0, std::move(batch));
    return {};
  }
  if (onward) parts_.stages[place + 1]->give(0, Batch(batch));
  return send(links, std::move(batch));
}

void Task::route(std::size_t place, Watermark watermark) {
  if (place + 1 < parts_.stages.size()) parts_.stages[place + 1]->give(watermark);
  for (const auto& links : parts_.stages[place]->links) send(links, watermark);
}

void Task::cut(std::size_t place) {
  for (std::size_t i = 0; i <= place; ++i) {
    if (parts_.stages[i]->wants_no_more()) continue;
    parts_.stages[i]->end();
    if (i == place) {
      route(i, Watermark::end());
      continue;
    }
    for (const auto& links : parts_.stages[i]->links) send(links, Watermark::end());
  }
  ended_ = true;
}

bool Task::writable() {
  return std::all_of(parts_.links.begin(), parts_.links.end(), [](OutputLink& link) { return link.writable(); });
}

Turn Task::held_back() {
  held_back_ = true;
  return Turn::wait;
}

bool Task::abandoned() const {
  return parts_.sinks.empty() && !parts_.links.empty() &&
         std::all_of(parts_.links.begin(), parts_.links.end(), [](const OutputLink& link) { return link.closed(); });
}

void Task::publish() {
  const auto& first = holding_.front();
  const bool cut_short = ended_ && (first.rung || !std::holds_alternative<Watermark>(first.item));
  if (const auto rows = rows_held(); rows > 0 && (parts_.by_row || parts_.gather)) {
    const auto busy = step_clock_.take_busy();
    step_size_.took(rows, busy);
    if (parts_.gather) parts_.gather->took(rows, busy);
  }
  {
    const Lock lock(publish_);
    push_outbox();
    for (const auto& taken : holding_) {
      if (!taken.rung) parts_.input->acknowledge(taken);
    }
  }
  outbox_.clear();
  holding_.clear();
  if (cut_short) parts_.input->close();
}

/// Only what a replay would make again, row for row, may be seen before the whole step is.
void Task::publish_part() {
  if (!parts_.in_parts) return;
  std::int64_t bytes = 0;
  for (const auto& outgoing : outbox_) {
    if (const auto* batch = std::get_if<Batch>(&outgoing.item)) bytes += batch->bytes();
  }
  if (bytes < part_bytes) return;
  {
    const Lock lock(publish_);
    push_outbox();
  }
  outbox_.clear();
}

Turn Task::finish() {
  if (coordinator_.stopping()) {
    parts_.input->close();
    for (auto& link : parts_.links) link.close();
  }
  const Lock lock(publish_);
  over_ = true;
  if (lacks_input_) lacks_input_ = !parts_.input->take_cut(*snapshot_);
  finished_ = true;
  return Turn::finished;
}

/// What is left when a task ends: what its steps know, how far it read and what it staged since its last snapshot.
void Task::hand_over() {
  TaskSnapshot last;
  Epoch next;
  {
    const Lock lock(publish_);
    next = Epoch{epoch_.value + 1};
    parts_.input->cut(next);
    (void)parts_.input->take_cut(last);
  }
  last.in_flight.clear();
  if (!coordinator_.stopping()) {  // else a step may have been left, or have failed, halfway
    auto states = take_states();
    if (!states.ok()) coordinator_.failed(std::move(states).error());
    if (states.ok()) last.states = *std::move(states);
  }
  last.tokens = std::move(tokens_);
  coordinator_.finished(id_, next, std::move(last));
}

Turn Task::fail(Error error) {
  coordinator_.failed(std::move(error));
  return finish();
}

void Task::release() {
  holding_.clear();
  outbox_.clear();
  parts_.gather.reset();
  parts_.sinks.clear();
  parts_.stages.clear();
  parts_.input.reset();
}

}  // namespace klein
