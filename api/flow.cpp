#include "api/flow.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace klein {

void register_operators(Registry& registry);
void register_connectors(Registry& registry);
void register_inference(Registry& registry);

struct Flow::Node {
  std::string kind, name;  // an empty name is derived later
  Params params;
  std::vector<Flow> inputs;
  std::optional<Schema> schema;
  bool sink = false, bounded = true;
};

Registry& registry() {
  static Registry* const kinds = [] {  // never destroyed: jobs may outlive the end of main
    auto* made = new Registry;
    register_operators(*made);
    register_connectors(*made);
    register_inference(*made);
    return made;
  }();
  return *kinds;
}

namespace {

const std::string& shown(const Flow::Node& node) { return node.name.empty() ? node.kind : node.name; }

Result<Params> checked(const std::string& kind, const Value::Map& given) {
  return Params::make(*KLEIN_TRY(registry().params(kind)), given);
}

bool takes(const Params& params, std::string_view name) {
  const auto& all = params.values();
  return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.first == name; });
}

/// The column that says when a row's event was, as the nearest step before says; nothing: none does.
std::optional<std::string> event_time(const Flow& flow) {
  const auto& node = *flow.node();
  const auto* row = registry().find_operator(node.kind);
  if (!row || node.inputs.empty()) return std::nullopt;
  if (row->makes_time) return node.params.string(takes(node.params, "time") ? "time" : "column");
  // Rows of windows have several times: the user says which is meant.
  return takes(node.params, "time") ? std::nullopt : event_time(node.inputs.front());
}

/// A step's `time`, where it is not given, is the column that with_event_time named; `right_time`, of its second input.
Params with_times(Params params, const std::vector<Flow>& inputs) {
  const auto fill = [&](const std::string& name, std::size_t input) {
    if (input >= inputs.size() || !takes(params, name) || !params.is_null(name)) return;
    if (const auto column = event_time(inputs[input])) params = params.with(name, *column);
  };
  fill("time", 0);
  fill("right_time", 1);
  return params;
}

void add_nodes(const Flow::Node& node, std::set<const Flow::Node*>& all) {
  if (!all.insert(&node).second) return;
  for (const auto& input : node.inputs) add_nodes(*input.node(), all);
}

/// An input that waits for its turn holds back what feeds it: that must not be what the others wait for.
Result<> check_turns(const OperatorKind& kind, const Flow::Node& node) {
  std::set<const Flow::Node*> before;
  for (const auto& input : node.inputs) {
    std::set<const Flow::Node*> own;
    add_nodes(*input.node(), own);
    for (const auto* each : own) {
      if (kind.in_turn && before.contains(each))
        return Error(Code::invalid, "both of its inputs come from the step '" + each->kind +
                                        "', which can't be read twice at once; begin the second flow anew");
    }
    before.merge(own);
  }
  return {};
}

Result<> check_ends(const OperatorKind& kind, const Flow::Node& node) {
  if (!kind.must_end) return {};
  for (const int port : kind.must_end(node.params)) {
    if (node.inputs[static_cast<std::size_t>(port)].bounded()) continue;
    const auto* otherwise =
        kind.in_turn ? "so the second never begins; bound it" : "and is needed whole; bound it, or use within=";
    return Error(
        Code::invalid, std::string("its ") + (port == 0 ? "first" : "second") + " input never ends, " + otherwise);
  }
  return {};
}

std::string name_of(Port port) { return port == Port::main ? "main" : port == Port::late ? "late" : "errors"; }

}  // namespace

Flow::Flow(std::shared_ptr<const Node> node, Port port) : node_(std::move(node)), port_(port) {}

Result<Flow> Flow::source(const std::string& kind, const Value::Map& params, const std::string& name) {
  auto node = std::make_shared<Node>(Node{.kind = kind, .name = name, .params = {}, .inputs = {}, .schema = {}});
  const auto make = [&]() -> Result<> {
    node->params = KLEIN_TRY(checked(kind, params));
    const auto* row = registry().find_source(kind);
    if (!row) return Error(Code::invalid, "'" + kind + "' is not a source");
    const auto source = KLEIN_TRY(row->make(node->params));
    node->schema = source->schema();
    node->bounded = source->bounded();
    return {};
  };
  auto made = make();
  if (!made.ok()) return std::move(made).error().at_step(shown(*node));
  return Flow(std::move(node));
}

Result<Flow> Flow::then(const std::string& kind, const Value::Map& params, const std::string& name,
                        const std::vector<Flow>& others) const {
  auto node = std::make_shared<Node>(Node{.kind = kind, .name = name, .params = {}, .inputs = {*this}, .schema = {}});
  const auto make = [&]() -> Result<> {
    node->inputs.insert(node->inputs.end(), others.begin(), others.end());
    node->params = with_times(KLEIN_TRY(checked(kind, params)), node->inputs);
    Schemas schemas;
    for (const auto& input : node->inputs) {
      if (input.is_sink()) return Error(Code::invalid, "nothing can follow the sink '" + input.kind() + "'");
      schemas.push_back(input.schema());
      node->bounded &= input.bounded();
    }
    if (const auto* row = registry().find_operator(kind)) {
      if (row->inputs >= 0 && row->inputs != static_cast<int>(schemas.size())) {
        return Error(Code::invalid, "'" + kind + "' takes " + std::to_string(row->inputs) + " flow(s), not " +
                                        std::to_string(schemas.size()));
      }
      KLEIN_TRY(check_ends(*row, *node));
      KLEIN_TRY(check_turns(*row, *node));
      node->schema = KLEIN_TRY(row->schema(node->params, schemas));
      return {};
    }
    const auto* row = registry().find_sink(kind);
    if (!row) return Error(Code::invalid, "'" + kind + "' is a source: it begins a flow");
    node->sink = true;
    (void)KLEIN_TRY(row->make(node->params));  // its target is looked at when it runs: a job that goes on may own it
    return {};
  };
  auto made = make();
  if (!made.ok()) return std::move(made).error().at_step(shown(*node));
  return Flow(std::move(node));
}

Result<Flow> Flow::port(Port port) const {
  const auto* row = registry().find_operator(node_->kind);
  const auto has = row && std::find(row->ports.begin(), row->ports.end(), port) != row->ports.end();
  if (port != Port::main && !has) {
    return Error(Code::invalid, "'" + node_->kind + "' has no output '" + name_of(port) + "'").at_step(shown(*node_));
  }
  return Flow(node_, port);
}

const std::optional<Schema>& Flow::schema() const {
  static const std::optional<Schema> unknown;
  if (port_ == Port::late && node_->inputs.size() == 1) return node_->inputs.front().schema();
  if (port_ == Port::late) return node_->schema;
  return port_ == Port::main ? node_->schema : unknown;
}

const std::string& Flow::kind() const { return node_->kind; }

bool Flow::is_sink() const { return node_->sink; }

bool Flow::bounded() const { return node_->bounded; }

std::string Flow::text() const {
  std::string all;
  for (const auto& input : node_->inputs) all += input.text();
  Value::Map given;
  for (const auto& [key, value] : node_->params.values()) {
    if (!value.is_null()) given.emplace_back(key, value);
  }
  all += (all.empty() ? "" : " -> ") + shown(*node_) + " " + to_json(given) + "\n";
  return all;
}

namespace {

/// Steps of a plan from the nodes of flows: each once, inputs first.
class PlanBuilder {
 public:
  explicit PlanBuilder(const std::set<std::string>& reserved) : taken_(reserved) {}

  int add(const Flow& flow) {
    const auto* node = flow.node().get();
    if (const auto known = places_.find(node); known != places_.end()) return known->second;
    Step step{.name = node->name, .kind = node->kind, .params = node->params, .inputs = {}, .schema = node->schema};
    for (const auto& input : node->inputs) step.inputs.push_back({add(input), input.output()});
    if (step.name.empty()) step.name = derived(node->kind);
    plan.steps.push_back(std::move(step));
    const auto place = static_cast<int>(plan.steps.size()) - 1;
    places_[node] = place;
    return place;
  }

  Plan plan;

 private:
  /// `map`, `map_2`, ... in the order of the plan: inserting a step of another kind changes no name.
  std::string derived(const std::string& kind) {
    auto name = kind;
    for (int i = 2; !taken_.insert(name).second; ++i) name = kind + "_" + std::to_string(i);
    return name;
  }

  std::map<const Flow::Node*, int> places_;
  std::set<std::string> taken_;
};

/// The names that the user gave; one given twice is an error.
Result<> given_names(const Flow& flow, std::set<const Flow::Node*>& seen, std::set<std::string>& names) {
  const auto* node = flow.node().get();
  if (!seen.insert(node).second) return {};
  for (const auto& input : node->inputs) KLEIN_TRY(given_names(input, seen, names));
  if (!node->name.empty() && !names.insert(node->name).second) {
    return Error(Code::invalid, "two steps are named '" + node->name + "'; a name is a step's identity, so change one");
  }
  return {};
}

}  // namespace

Result<Plan> plan_of(const std::vector<Flow>& sinks) {
  std::set<const Flow::Node*> seen;
  std::set<std::string> names;
  for (const auto& sink : sinks) {
    if (!sink.is_sink()) {
      return Error(
          Code::invalid, "the flow ends in '" + sink.kind() + "', not in a sink; add .write_...() or .discard()");
    }
    KLEIN_TRY(given_names(sink, seen, names));
  }
  PlanBuilder builder(names);
  for (const auto& sink : sinks) builder.add(sink);
  return std::move(builder.plan);
}

}  // namespace klein
