// The views as people read them: columns aligned, a line a step, a chain, a place.

#include <algorithm>

#include "base/text.h"
#include "plan/views.h"

namespace klein {

namespace {

using Rows = std::vector<std::vector<std::string>>;

/// Cells below each other, two spaces apart; the last cell of a row is as long as it likes.
std::string table(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string shortened(const std::string& text) {
  constexpr std::size_t longest = 160;
  return text.size() > longest ? text.substr(0, longest) + "..." : text;
}

/// An argument as one would write it: a list of one as its entry, an object as its text.
std::string shown(const Value& value) {
  if (const auto* object = value.get<Value::Handle>()) return (*object)->text();
  if (const auto* list = value.get<Value::List>()) {
    if (list->size() == 1) return shown(list->front());
    std::vector<std::string> entries;
    for (const auto& entry : *list) entries.push_back(shown(entry));
    return "[" + join(entries) + "]";
  }
  if (const auto* map = value.get<Value::Map>()) {
    std::vector<std::string> entries;
    for (const auto& [name, entry] : *map) entries.push_back(name + ": " + shown(entry));
    return "{" + join(entries) + "}";
  }
  return to_json(value);
}

/// `(column="bytes", size=[224, 224])`: what was given, or holds by itself.
std::string arguments(const Params& params) {
  std::vector<std::string> all;
  for (const auto& [name, value] : params.values()) {
    if (!value.is_null()) all.push_back(name + "=" + shown(value));
  }
  return "(" + shortened(join(all)) + ")";
}

/// What a step reads, where that is not just the line above it.
std::string inputs_of(const Plan& plan, std::size_t place) {
  const auto& inputs = plan.steps[place].inputs;
  if (inputs == std::vector{Edge{static_cast<int>(place) - 1, Port::main}}) return "";
  std::vector<std::string> names;
  for (const auto& edge : inputs) names.push_back(output_name(plan, edge));
  return names.empty() ? "" : "<- " + join(names);
}

std::string steps_of(const ExecutionView& view, const Chain& chain) {
  std::vector<std::string> names;
  for (const int step : chain.steps) names.push_back(view.plan.steps[static_cast<std::size_t>(step)].name);
  return join(names, " > ");
}

std::string count(std::size_t number, const std::string& thing) {
  return std::to_string(number) + " " + thing + (number == 1 ? "" : "s");
}

/// "-> chain 2, rebalance", and the port where it is not the last step's main one.
std::string link_text(const ExecutionView& view, const Link& link) {
  auto text = "-> chain " + std::to_string(link.to_chain) + ", " + std::string(to_string(link.exchange)) +
              (link.keys.empty() ? "" : "(" + join(link.keys) + ")");
  const auto& from = view.chains[static_cast<std::size_t>(link.from_chain)];
  if (link.edge != Edge{from.steps.back(), Port::main}) text += ", from " + output_name(view.plan, link.edge);
  return text;
}

/// The tasks of a chain, node by node: "tasks 0 to 3 on local".
std::string tasks_of(const PhysicalView& view, int chain) {
  std::string text;
  for (auto task = view.tasks.begin(); task != view.tasks.end();) {
    auto next = task;
    while (next != view.tasks.end() && next->chain == task->chain && next->node == task->node) ++next;
    const int first = task->index, last = std::prev(next)->index;
    if (task->chain == chain) {
      text += (text.empty() ? "" : ", ") + std::string(first == last ? "task " : "tasks ") + std::to_string(first) +
              (first == last ? "" : " to " + std::to_string(last)) + " on " + task->node;
    }
    task = next;
  }
  return text;
}

}  // namespace

std::string output_name(const Plan& plan, const Edge& edge) {
  const auto& name = plan.steps[static_cast<std::size_t>(edge.step)].name;
  return edge.port == Port::main ? name : name + "." + std::string(to_string(edge.port));
}

std::string_view to_string(Lane lane) {
  switch (lane) {
    case Lane::compute: return "compute";
    case Lane::light: return "light";
    case Lane::blocking: return "blocking";
  }
  return "";
}

std::string_view to_string(Mode mode) { return mode == Mode::batch ? "batch" : "stream"; }

std::string_view to_string(Exchange exchange) {
  switch (exchange) {
    case Exchange::forward: return "forward";
    case Exchange::rebalance: return "rebalance";
    case Exchange::by_key: return "by_key";
    case Exchange::broadcast: break;
  }
  return "broadcast";
}

std::string to_text(const Plan& plan) {
  Rows rows;
  for (std::size_t place = 0; place < plan.steps.size(); ++place) {
    const auto& step = plan.steps[place];
    rows.push_back({step.name, inputs_of(plan, place), step.kind + arguments(step.params)});
    if (step.schema) rows.push_back({"", "", "  = " + shortened(step.schema->text())});
  }
  const bool in_line = std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row[1].empty(); });
  for (auto& row : rows) {
    if (in_line) row.erase(row.begin() + 1);
  }
  auto text = table(rows);
  for (const auto& change : plan.changes) text += "* " + change + "\n";
  return text;
}

std::string to_text(const ExecutionView& view) {
  Rows rows;
  for (std::size_t place = 0; place < view.chains.size(); ++place) {
    const auto& chain = view.chains[place];
    const bool reads = view.plan.steps[static_cast<std::size_t>(chain.steps.front())].inputs.empty();
    rows.push_back(
        {"chain " + std::to_string(place), "x" + std::to_string(chain.parallelism), std::string(to_string(chain.lane)),
         steps_of(view, chain) + (reads ? "  (reads " + std::to_string(chain.read_size.rows) + " rows at most)" : "")});
    for (const auto& link : view.links) {
      if (link.from_chain == static_cast<int>(place)) rows.push_back({"", "", "", link_text(view, link)});
    }
  }
  return std::string(to_string(view.mode)) + ", " + count(view.chains.size(), "chain") + "\n" + table(rows);
}

std::string to_text(const PhysicalView& view) {
  Rows rows;
  for (std::size_t chain = 0; chain < view.execution.chains.size(); ++chain) {
    rows.push_back({"chain " + std::to_string(chain), tasks_of(view, static_cast<int>(chain)),
                    steps_of(view.execution, view.execution.chains[chain])});
  }
  return count(view.tasks.size(), "task") + ", " +
         count(static_cast<std::size_t>(view.compute_threads), "compute thread") + ", " +
         count(static_cast<std::size_t>(view.light_threads), "light thread") + ", channels in process, at most " +
         std::to_string(view.memory >> 20) + " MiB in flight\n" + table(rows);
}

}  // namespace klein
