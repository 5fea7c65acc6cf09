// The views as people and programs read them.

#include <algorithm>

#include "plan/views.h"

namespace klein {

namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

/// The arguments that were given, `{"count":5}`.
Value::Map given(const Params& params) {
  Value::Map map;
  for (const auto& [name, value] : params.values()) {
    if (!value.is_null()) map.emplace_back(name, value);
  }
  return map;
}

std::string arguments(const Params& params) {
  std::string text;
  for (const auto& [name, value] : given(params)) {
    const auto* object = value.get<Value::Handle>();
    text += (text.empty() ? "" : ", ") + name + "=" + (object ? (*object)->text() : to_json(value));
  }
  constexpr std::size_t longest = 160;
  return text.size() > longest ? text.substr(0, longest) + "..." : text;
}

std::string_view to_string(Port port) { return port == Port::main ? "main" : port == Port::late ? "late" : "errors"; }

std::string_view to_string(Lane lane) { return lane == Lane::compute ? "compute" : "light"; }

/// "decode" or "decode.errors"
std::string name_of(const Plan& plan, const Edge& edge) {
  auto name = plan.steps[static_cast<std::size_t>(edge.step)].name;
  return edge.port == Port::main ? name : name + "." + std::string(to_string(edge.port));
}

Value edge_value(const Plan& plan, const Edge& edge) { return name_of(plan, edge); }

std::string chain_line(const ExecutionView& view, const Chain& chain) {
  std::string steps;
  for (const int step : chain.steps) {
    steps += (steps.empty() ? "" : " > ") + view.plan.steps[static_cast<std::size_t>(step)].name;
  }
  return steps;
}

std::size_t widest_name(const Plan& plan) {
  std::size_t width = 0;
  for (const auto& step : plan.steps) width = std::max(width, step.name.size());
  return width;
}

}  // namespace

std::string_view to_string(Mode mode) { return mode == Mode::batch ? "batch" : "stream"; }

std::string_view to_string(Exchange exchange) {
  return exchange == Exchange::forward ? "forward" : exchange == Exchange::rebalance ? "rebalance" : "broadcast";
}

std::string to_text(const Plan& plan) {
  std::string text;
  const auto width = widest_name(plan);
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    const auto& step = plan.steps[place];
    std::string inputs;
    for (const auto& edge : step.inputs) {
      // A line that follows its only input needs no mention of it.
      if (step.inputs.size() == 1 && edge == Edge{static_cast<int>(place) - 1, Port::main}) continue;
      inputs += (inputs.empty() ? " <- " : ", ") + name_of(plan, edge);
    }
    text += padded(step.name, width) + inputs + "  " + step.kind + "(" + arguments(step.params) + ")\n";
    if (step.schema) text += std::string(width, ' ') + "  : " + step.schema->text() + "\n";
  }
  return text;
}

std::string to_text(const ExecutionView& view) {
  std::string text = std::string(to_string(view.mode)) + "\n";
  for (std::size_t place = 0; place < view.chains.size(); ++place) {
    const auto& chain = view.chains[place];
    text += "chain " + std::to_string(place) + "  " + chain_line(view, chain) + "  x" +
            std::to_string(chain.parallelism) + ", " + std::string(to_string(chain.lane)) + "\n";
    for (const auto& link : view.links) {
      if (link.from_chain != static_cast<int>(place)) continue;
      text += "  " + name_of(view.plan, link.edge) + " --" + std::string(to_string(link.exchange)) + "--> chain " +
              std::to_string(link.to_chain) + "\n";
    }
  }
  return text;
}

std::string to_text(const PhysicalView& view) {
  std::string text =
      "compute threads " + std::to_string(view.compute_threads) + ", light threads " +
      std::to_string(view.light_threads) + ", at most " + std::to_string(view.memory >> 20) + " MiB in flight\n";
  for (const auto& task : view.tasks) {
    const auto& chain = view.execution.chains[static_cast<std::size_t>(task.chain)];
    text += "task " + std::to_string(task.chain) + "." + std::to_string(task.index) + " on " + task.node + "  " +
            chain_line(view.execution, chain) + "\n";
  }
  return text;
}

Value to_value(const Plan& plan) {
  Value::List steps;
  for (const auto& step : plan.steps) {
    Value::List inputs;
    for (const auto& edge : step.inputs) inputs.push_back(edge_value(plan, edge));
    steps.push_back(Value::Map{
        {"name", step.name},
        {"kind", step.kind},
        {"params", given(step.params)},
        {"inputs", std::move(inputs)},
        {"schema", step.schema ? Value(step.schema->text()) : Value()}});
  }
  return Value::Map{{"steps", std::move(steps)}};
}

Value to_value(const ExecutionView& view) {
  Value::List chains, links;
  for (const auto& chain : view.chains) {
    Value::List steps;
    for (const int step : chain.steps) steps.emplace_back(view.plan.steps[static_cast<std::size_t>(step)].name);
    chains.push_back(Value::Map{{"steps", std::move(steps)},
                                {"parallelism", chain.parallelism},
                                {"lane", std::string(to_string(chain.lane))},
                                {"batch_rows", chain.read_size.rows}});
  }
  for (const auto& link : view.links) {
    links.push_back(Value::Map{
        {"from", edge_value(view.plan, link.edge)},
        {"from_chain", link.from_chain},
        {"to_chain", link.to_chain},
        {"to_port", link.to_port},
        {"exchange", std::string(to_string(link.exchange))}});
  }
  return Value::Map{
      {"mode", std::string(to_string(view.mode))}, {"chains", std::move(chains)}, {"links", std::move(links)}};
}

Value to_value(const PhysicalView& view) {
  Value::List tasks;
  for (const auto& task : view.tasks) {
    tasks.push_back(Value::Map{{"chain", task.chain}, {"index", task.index}, {"node", task.node}});
  }
  return Value::Map{{"tasks", std::move(tasks)},
                    {"compute_threads", view.compute_threads},
                    {"light_threads", view.light_threads},
                    {"memory", view.memory}};
}

}  // namespace klein
