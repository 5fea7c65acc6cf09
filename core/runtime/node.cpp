#include "runtime/node.h"

#include <algorithm>
#include <set>

namespace klein {

Node::Node(const PhysicalView& view, const Edges& edges, const Registry& registry, Executor& executor,
           Coordinator& coordinator, Recovery recovery)
    : view_(view),
      edges_(edges),
      registry_(registry),
      executor_(executor),
      coordinator_(coordinator),
      recovery_(std::move(recovery)),
      budget_(view.memory) {
  for (const auto& placed : view.tasks) {
    auto task = std::make_unique<Task>(static_cast<int>(tasks_.size()), coordinator);
    auto waker = executor.add(*task, view.execution.chains[static_cast<std::size_t>(placed.chain)].lane);
    tasks_.push_back({placed.chain, placed.index, std::move(task), std::move(waker)});
  }
  connect();
}

Result<> Node::deploy() {
  for (auto& entry : tasks_) KLEIN_TRY(build(entry));
  return {};
}

Node::TaskEntry& Node::entry(int chain, int index) {
  const auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](const TaskEntry& candidate) {
    return candidate.chain == chain && candidate.index == index;
  });
  KLEIN_ASSERT(found != tasks_.end());
  return *found;
}

void Node::connect() {
  const auto& execution = view_.execution;
  for (std::size_t place = 0; place < execution.links.size(); ++place) {
    const auto& link = execution.links[place];
    const int from = execution.chains[static_cast<std::size_t>(link.from_chain)].parallelism;
    const int to = execution.chains[static_cast<std::size_t>(link.to_chain)].parallelism;
    for (int i = 0; i < from; ++i) {
      for (int j = 0; j < to; ++j) {
        if (link.exchange == Exchange::forward && i != j) continue;
        auto &producer = entry(link.from_chain, i), &consumer = entry(link.to_chain, j);
        channels_.push_back(
            std::make_unique<Channel>(Capacity{}, producer.waker, consumer.waker, &budget_, recovery_.on_snapshot));
        producer.outputs[static_cast<int>(place)].push_back(channels_.back().get());
        const int head = execution.chains[static_cast<std::size_t>(link.to_chain)].steps.front();
        consumer.inputs.push_back(
            {link.to_port, edge_name(execution.plan, head, static_cast<std::size_t>(link.to_port)),
             channels_.back().get()});
      }
    }
  }
}

StepMetrics& Node::metrics(int step, int index) {
  auto& slot = metrics_[{step, index}];
  if (!slot) slot = std::make_unique<StepMetrics>();
  return *slot;
}

void Node::fill(Context& context, int step, const TaskEntry& entry) const {
  context.step = view_.execution.plan.steps[static_cast<std::size_t>(step)].name;
  context.task = entry.index;
  context.parallelism = view_.execution.chains[static_cast<std::size_t>(entry.chain)].parallelism;
  context.clock = &executor_.clock();
  context.timers = &executor_.timers();
  context.waker = entry.waker;
  context.streaming = view_.execution.mode == Mode::stream;
  context.store = recovery_.store;
  if (recovery_.room) recovery_.room->give(context);
}

/// For each port of a step, the places in the task's links that it feeds.
std::vector<std::vector<int>> Node::links_of(int step, const TaskEntry& entry, const Task::Parts& parts) const {
  std::vector<std::vector<int>> links(port_count);
  int place = 0;
  for (const auto& [link, channels] : entry.outputs) {
    const auto& edge = view_.execution.links[static_cast<std::size_t>(link)].edge;
    if (edge.step == step) links[static_cast<std::size_t>(edge.port)].push_back(place);
    ++place;
  }
  KLEIN_ASSERT(place == static_cast<int>(parts.links.size()));
  return links;
}

Result<std::unique_ptr<Stage>> Node::make_stage(int step, TaskEntry& entry, Task::Parts& parts) {
  const auto& plan = view_.execution.plan;
  const auto& written = plan.steps[static_cast<std::size_t>(step)];
  Schemas inputs;
  for (const auto& edge : written.inputs) inputs.push_back(schema_of(plan, edge));
  std::unique_ptr<Operator> made;
  bool makes_time = false, stateful = true;  // a sink is
  if (const auto sink = edges_.sinks.find(step); sink != edges_.sinks.end()) {
    auto writer = KLEIN_TRY(sink->second->open(entry.index, inputs.front()));
    auto stage = std::make_unique<SinkStage>(std::move(writer));
    parts.sinks.emplace_back(stage.get(), written.kind);
    made = std::move(stage);
  } else {
    const auto* kind = registry_.find_operator(written.kind);
    KLEIN_ASSERT(kind != nullptr);
    parts.in_parts &= kind->deterministic;
    stateful = kind->stateful;
    makes_time = kind->makes_time;
    made = KLEIN_TRY(kind->make(written.params, inputs));
    if (auto* counting = dynamic_cast<Counting*>(made.get())) counting->count_in(metrics(step, entry.index).user);
  }
  parts.stateful |= stateful;
  auto stage =
      std::make_unique<Stage>(std::move(made), metrics(step, entry.index), links_of(step, entry, parts), makes_time);
  fill(stage->context, step, entry);
  stage->context.reading = parts.reading;
  auto opened = stage->open();
  if (!opened.ok()) return std::move(opened).error().at_step(written.name);
  if (!stateful && !KLEIN_TRY(stage->snapshot()).empty()) {
    return Error(
        Code::internal, "the kind '" + written.kind + "' remembers something, but its row says not `stateful`");
  }
  KLEIN_TRY(restore_state(*stage, entry));
  return stage;
}

Result<> Node::restore_state(Stage& stage, const TaskEntry& entry) const {
  const auto state = KLEIN_TRY(state_of(recovery_, stage.context.step, entry.index, stage.context.parallelism));
  if (state.empty()) return {};
  return stage.restore(state);
}

/// The link that feeds the head of a chain; null where there is none.
const Link* Node::link_to(int chain, int port) const {
  const auto& links = view_.execution.links;
  const auto found = std::find_if(
      links.begin(), links.end(), [&](const Link& link) { return link.to_chain == chain && link.to_port == port; });
  return found == links.end() ? nullptr : &*found;
}

/// What of rows that were on their way goes to this task: those of its keys where their link is by key, those of the
/// splits that it goes on with where tasks are linked one to one, else its part.
Result<std::vector<Batch>> Node::share(const std::vector<Batch>& rows, const Link* link, const TaskEntry& entry) const {
  const int tasks = view_.execution.chains[static_cast<std::size_t>(entry.chain)].parallelism;
  std::vector<Batch> own;
  if (!link || link->exchange != Exchange::by_key) {
    const bool spread = link && link->exchange == Exchange::rebalance;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& header = rows[i].header();
      const auto place = header.split && !spread ? header.split_order : static_cast<std::int64_t>(i);
      if (place % tasks == entry.index) own.push_back(rows[i]);
    }
    return own;
  }
  Partition partition(link->keys, tasks);
  for (const auto& batch : rows) {
    for (auto& [task, part] : KLEIN_TRY(partition.split(batch))) {
      if (task == entry.index) own.push_back(std::move(part));
    }
  }
  return own;
}

/// The task's share of what was on its way to one of its steps.
Result<std::vector<RestoredInput::From>> Node::restored(const TaskEntry& entry, std::size_t place) {
  const auto& execution = view_.execution;
  const int step = execution.chains[static_cast<std::size_t>(entry.chain)].steps[place];
  std::vector<RestoredInput::From> all;
  for (std::size_t port = 0; port < execution.plan.steps[static_cast<std::size_t>(step)].inputs.size(); ++port) {
    auto edge = edge_name(execution.plan, step, port);
    const auto found = recovery_.in_flight.find(edge);
    if (found == recovery_.in_flight.end()) continue;
    auto channel = std::make_unique<Channel>(Capacity{}, Waker(), Waker(), &budget_);
    const auto* link = place == 0 ? link_to(entry.chain, static_cast<int>(port)) : nullptr;
    for (auto& rows : KLEIN_TRY(share(found->second, link, entry))) channel->push(std::move(rows));
    channel->push(Watermark::end());
    all.push_back({0, static_cast<int>(port), std::move(edge), std::move(channel)});
  }
  return all;
}

/// Whether the rows of a step may be few without harm: what is slow in the chain is so row by row.
bool Node::soon_ends(const Chain& chain) const {
  bool any = false, all = true;
  for (const int step : chain.steps) {
    const auto* kind = registry_.find_operator(view_.execution.plan.steps[static_cast<std::size_t>(step)].kind);
    if (!kind || !kind->slow) continue;
    any |= kind->by_row;
    all &= kind->by_row;
  }
  return any && all;
}

const OperatorKind* Node::operator_at(int step) const {
  return registry_.find_operator(view_.execution.plan.steps[static_cast<std::size_t>(step)].kind);
}

/// Where inputs are taken in turn, so is what was on its way over them: before the rest of its own.
Result<std::unique_ptr<Input>> Node::channel_input(TaskEntry& entry) {
  const int head = view_.execution.chains[static_cast<std::size_t>(entry.chain)].steps.front();
  const auto* kind = operator_at(head);
  if (!kind || !kind->in_turn) return std::make_unique<ChannelInput>(entry.inputs, kind ? kind->first_port : -1);
  std::vector<ChannelInput::From> all;  // what was on its way first: so it is in the next snapshot, too
  for (auto& from : KLEIN_TRY(restored(entry, 0))) {
    all.push_back({from.port, std::move(from.edge), from.channel.get(), 2 * from.port});
    entry.before.push_back(std::move(from.channel));
  }
  for (auto from : entry.inputs) {
    from.turn = 2 * from.port + 1;
    all.push_back(std::move(from));
  }
  return std::make_unique<ChannelInput>(std::move(all));
}

/// What was on its way to its steps comes before the rest of the task's input.
Result<> Node::take_up(const TaskEntry& entry, std::size_t first, Task::Parts& parts) {
  const auto& steps = view_.execution.chains[static_cast<std::size_t>(entry.chain)].steps;
  const auto* head = operator_at(steps.front());
  std::vector<RestoredInput::From> before;
  for (auto place = head && head->in_turn ? 1 : first; place < steps.size(); ++place) {
    for (auto& from : KLEIN_TRY(restored(entry, place))) {
      from.stage = place - first;
      before.push_back(std::move(from));
    }
  }
  if (!before.empty()) parts.input = std::make_unique<RestoredInput>(std::move(before), std::move(parts.input));
  return {};
}

Result<> Node::build(TaskEntry& entry) {
  const auto& chain = view_.execution.chains[static_cast<std::size_t>(entry.chain)];
  Task::Parts parts;
  for (const auto& [link, channels] : entry.outputs) {
    const auto& written = view_.execution.links[static_cast<std::size_t>(link)];
    parts.links.emplace_back(written.exchange, channels, written.keys);
  }
  const int head = chain.steps.front();
  if (const auto source = edges_.sources.find(head); source != edges_.sources.end()) {
    Context context;
    fill(context, head, entry);
    parts.source_metrics = &metrics(head, entry.index);
    auto input = std::make_unique<SplitInput>(
        *source->second, chain.read_size, coordinator_, budget_, std::move(context), *parts.source_metrics);
    parts.reading = &input->reading();
    parts.input = std::move(input);
    parts.source_links = links_of(head, entry, parts)[static_cast<std::size_t>(Port::main)];
  } else {
    parts.input = KLEIN_TRY(channel_input(entry));
  }
  const std::size_t first = parts.reading ? 1 : 0;
  for (auto place = first; place < chain.steps.size(); ++place) {
    auto stage = make_stage(chain.steps[place], entry, parts);
    if (!stage.ok()) {
      const auto& name = view_.execution.plan.steps[static_cast<std::size_t>(chain.steps[place])].name;
      return std::move(stage).error().at_step(name);
    }
    parts.stages.push_back(*std::move(stage));
  }
  if (auto* channels = dynamic_cast<ChannelInput*>(parts.input.get()))
    parts.gather = Gather::of(parts.stages, *channels);
  KLEIN_TRY(take_up(entry, first, parts));
  // An unfinished step's output must not be in a snapshot; where there is state, none is made in the midst of a step.
  if (recovery_.snapshots && !parts.stateful) parts.in_parts = false;
  parts.snapshots = recovery_.on_snapshot;
  entry.stateful = parts.stateful;
  parts.by_row = soon_ends(chain);
  entry.task->assemble(std::move(parts), executor_.clock());
  return {};
}

void Node::start() {
  for (const auto& entry : tasks_) entry.task->begin();
  for (const auto& entry : tasks_) entry.waker.wake();
}

void Node::ask(Epoch epoch, bool overtake) {
  for (const auto& entry : tasks_) {
    entry.task->ask(epoch, overtake);
    if (entry.stateful) entry.waker.wake();
  }
}

std::vector<Node::Ready> Node::take_snapshots(Epoch epoch) {
  std::vector<Ready> ready;
  for (const auto& entry : tasks_) {
    if (auto taken = entry.task->take_snapshot(epoch))
      ready.push_back({entry.task->id(), taken->first, std::move(taken->second)});
  }
  return ready;
}

std::vector<std::pair<std::string, std::string>> Node::steps() const {
  std::vector<std::pair<std::string, std::string>> steps;
  for (const auto& step : view_.execution.plan.steps) steps.emplace_back(step.name, step.kind);
  return steps;
}

void Node::sealed(const std::map<std::string, std::vector<Split>>& splits) const {
  for (const auto& [step, source] : edges_.sources) {
    const auto found = splits.find(view_.execution.plan.steps[static_cast<std::size_t>(step)].name);
    if (found != splits.end()) source->sealed(found->second);
  }
}

void Node::drain() {
  coordinator_.drain();
  start();
}

void Node::stop() {
  coordinator_.stop();
  start();
}

void Node::release() {
  for (const auto& entry : tasks_) entry.task->release();
}

namespace {

/// What is not known of a task is nothing.
void add(std::int64_t bytes, std::optional<std::int64_t>& sum) {
  if (bytes >= 0) sum = sum.value_or(0) + bytes;
}

void add(const StepMetrics& counted, std::int64_t now, StepStats& step) {
  const auto read = [](const std::atomic<std::int64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  step.rows_in += read(counted.rows_in);
  step.rows_out += read(counted.rows_out);
  step.rows_failed += read(counted.rows_failed);
  step.batches += read(counted.batches);
  step.busy_seconds += static_cast<double>(up_to(now, counted.busy, counted.since)) / 1e9;
  step.cpu_seconds += static_cast<double>(read(counted.cpu)) / 1e9;
  ++step.tasks;
  add(counted.user->read(), step.user);
  add(read(counted.state_memory), step.state_memory);
  add(read(counted.state_disk), step.state_disk);
  const Watermark passed{.time = read(counted.watermark)};
  if (passed == Watermark() || passed.is_end()) return;
  step.watermark = std::min(step.watermark.value_or(passed.time), passed.time);
}

}  // namespace

/// A source knows no event time: its is that of the first steps behind it that do.
void Node::give_watermark(int source, Stats& stats) const {
  const auto& steps = view_.execution.plan.steps;
  auto& found = stats.steps[static_cast<std::size_t>(source)].watermark;
  std::set<int> timeless{source};
  for (std::size_t place = 0; place < steps.size(); ++place) {
    const auto& inputs = steps[place].inputs;
    const auto behind = [&](const Edge& edge) { return timeless.count(edge.step) > 0; };
    if (std::none_of(inputs.begin(), inputs.end(), behind)) continue;
    if (const auto mark = stats.steps[place].watermark) {
      found = std::min(found.value_or(*mark), *mark);
    } else {
      timeless.insert(static_cast<int>(place));
    }
  }
}

Stats Node::stats() const {
  Stats stats;
  const auto& plan = view_.execution.plan;
  for (const auto& step : plan.steps) stats.steps.push_back({.name = step.name, .kind = step.kind});
  const auto now = executor_.clock().now();
  for (const auto& entry : tasks_) {
    const auto held_back = up_to(now, entry.task->metrics().held_back, entry.task->metrics().held_back_since);
    for (const int step : view_.execution.chains[static_cast<std::size_t>(entry.chain)].steps) {
      auto& all = stats.steps[static_cast<std::size_t>(step)];
      add(*metrics_.at({step, entry.index}), now, all);
      all.back_pressured_seconds += static_cast<double>(held_back) / 1e9;
    }
  }
  for (const auto& [source, made] : edges_.sources) give_watermark(source, stats);
  for (std::size_t i = 0; i < stats.steps.size(); ++i) {
    const auto step = static_cast<int>(i);
    if (edges_.sources.count(step)) stats.rows_in += stats.steps[i].rows_out;
    if (edges_.sinks.count(step)) stats.rows_out += stats.steps[i].rows_in;
    stats.rows_failed += stats.steps[i].rows_failed;
  }
  stats.bytes_in_flight = budget_.used();
  return stats;
}

}  // namespace klein
