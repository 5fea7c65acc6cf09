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
    step_clock_.begin_step(parts_.by_row);
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
  if (!holding_ && ended_) return parts_.sinks.empty() ? finish() : begin_prepare();
  if (!holding_ && parts_.stateful) {
    KLEIN_TRY(snapshot(Epoch{asked_.load()}, overtake_.load()));
    if (prepared_) return Turn::again;
  }
  if (!writable()) return held_back();
  if (!holding_) {
    if (abandoned()) {
      parts_.input->close();
      return finish();
    }
    if (!ring() && KLEIN_TRY(take()) == Turn::wait) return Turn::wait;
    if (!holding_) return Turn::again;
  }
  return advance();
}

Result<Turn> Task::take() {
  auto* source = parts_.source_metrics;
  if (source) step_clock_.begin_call(*source);
  auto took = parts_.input->take(step_clock_.last(), parts_.by_row ? step_size_.rows() : any_rows, holding_);
  source_busy_ += source ? step_clock_.end_call(*source) : step_clock_.tick();
  (void)step_clock_.take_busy();  // what follows is the stages'
  KLEIN_TRY(std::move(took));
  if (!holding_) return source && source->over_budget ? held_back() : Turn::wait;
  if (const auto* barrier = std::get_if<Barrier>(&holding_->item)) {
    const auto epoch = barrier->epoch;
    holding_.reset();
    KLEIN_TRY(snapshot(epoch, true));
    return Turn::again;
  }
  const auto* watermark = std::get_if<Watermark>(&holding_->item);
  ended_ = watermark && watermark->is_end();
  if (parts_.stages.empty() && watermark) {
    send(parts_.source_links, *watermark);
  } else if (parts_.stages.empty()) {
    KLEIN_TRY(send(parts_.source_links, Batch(std::get<Batch>(holding_->item))));
  } else if (watermark) {
    parts_.stages.front()->context.ended = holding_->ended;
    parts_.stages.front()->give(*watermark);
  } else {
    // What is left here still knows how many rows it had; the input has the rows themselves.
    parts_.stages[holding_->stage]->give(holding_->port, std::move(std::get<Batch>(holding_->item)));
  }
  return Turn::again;
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
  if (any) holding_ = Taken{.item = Watermark(), .rung = true};
  return any;
}

/// Whoever waits is woken for the first alarm.
void Task::set_timer() {
  if (holding_) return;
  std::int64_t first = 0;
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
  const auto* batch = std::get_if<Batch>(&holding_->item);
  const bool cut_short = ended_ && (holding_->rung || !std::holds_alternative<Watermark>(holding_->item));
  if (batch && parts_.by_row) step_size_.took(batch->rows(), step_clock_.take_busy());
  {
    const Lock lock(publish_);
    push_outbox();
    if (!holding_->rung) parts_.input->acknowledge(*holding_);
  }
  outbox_.clear();
  holding_.reset();
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

void Task::ask(Epoch epoch, bool overtake) {
  overtake_.store(overtake);
  asked_.store(epoch.value);
  if (!parts_.stateful) (void)snapshot(epoch, overtake);  // nothing in it can fail
}

/// Where it may: records the input up to the epoch's barriers, and sends the barrier on at once.
Result<> Task::snapshot(Epoch epoch, bool overtake) {
  const Lock lock(publish_);
  if (over_ || epoch <= epoch_ || !parts_.input->may_cut(epoch, overtake)) return {};
  epoch_ = epoch;
  if (!snapshot_) snapshot_.emplace();
  snapshot_->in_flight.clear();  // of an epoch that was given up; what was read and staged stays
  follow(snapshot_->states, KLEIN_TRY(take_states()));
  parts_.input->cut(epoch);
  lacks_input_ = true;
  for (auto& link : parts_.links) link.push(Barrier{epoch});
  if (parts_.sinks.empty()) {
    parts_.snapshots.wake();
    return {};
  }
  lacks_tokens_ = true;
  prepared_ = 0;
  return {};
}

Result<std::map<std::string, State>> Task::take_states() const {
  std::map<std::string, State> states;
  if (!parts_.stateful) return states;
  for (const auto& stage : parts_.stages) {
    auto state = KLEIN_TRY(stage->snapshot());
    if (!state.empty()) states[stage->context.step] = std::move(state);
  }
  return states;
}

Turn Task::begin_prepare() {
  prepared_ = 0;
  return Turn::again;
}

Result<Turn> Task::prepare() {
  Epoch epoch;
  bool for_snapshot = false;
  {
    const Lock lock(publish_);
    for_snapshot = lacks_tokens_;
    epoch = for_snapshot ? epoch_ : Epoch{epoch_.value + 1};
  }
  for (; *prepared_ < parts_.sinks.size(); ++*prepared_) {
    const auto& [sink, kind] = parts_.sinks[*prepared_];
    auto token = KLEIN_TRY(sink->prepare(epoch));
    if (!token) return Turn::wait;
    if (!token->empty()) tokens_.push_back({sink->step(), kind, *std::move(token)});
  }
  prepared_.reset();
  if (!for_snapshot) return finish();
  {
    const Lock lock(publish_);
    lacks_tokens_ = false;
    merge(*snapshot_, {.tokens = std::exchange(tokens_, {})});
  }
  parts_.snapshots.wake();
  return Turn::again;
}

std::optional<std::pair<Epoch, TaskSnapshot>> Task::take_snapshot(Epoch epoch) {
  const Lock lock(publish_);
  const bool stale = epoch_ < epoch;
  if (!snapshot_ || lacks_tokens_ || (stale && !over_)) return std::nullopt;
  if (lacks_input_ && !parts_.input->take_cut(*snapshot_)) return std::nullopt;
  lacks_input_ = false;
  auto snapshot = *std::exchange(snapshot_, std::nullopt);
  if (stale) snapshot = {.reading = snapshot.reading, .read = snapshot.read, .tokens = snapshot.tokens};
  return std::pair(epoch_, std::move(snapshot));
}

void Task::release() {
  holding_.reset();
  outbox_.clear();
  parts_.sinks.clear();
  parts_.stages.clear();
  parts_.input.reset();
}

}  // namespace klein
