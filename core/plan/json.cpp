// The views as programs read them, and the plan back from JSON. The format: docs/formats/plan.md.

#include <algorithm>

#include "base/text.h"
#include "plan/views.h"

namespace klein {

namespace {

constexpr std::int64_t version = 1;

Value output_value(const Plan& plan, const Edge& edge) { return output_name(plan, edge); }

/// Arguments that are not null.
Value::Map given(const Params& params) {
  Value::Map map;
  for (const auto& [name, value] : params.values()) {
    if (!value.is_null()) map.emplace_back(name, value);
  }
  return map;
}

/// What `{"object": text}` names, at any depth of a value; null where there is none.
const std::string* named_object(const Value& value) {
  if (const auto* list = value.get<Value::List>()) {
    for (const auto& entry : *list) {
      if (const auto* found = named_object(entry)) return found;
    }
  }
  const auto* map = value.get<Value::Map>();
  if (!map) return nullptr;
  if (map->size() == 1 && map->front().first == "object") return map->front().second.get<std::string>();
  for (const auto& [name, entry] : *map) {
    if (const auto* found = named_object(entry)) return found;
  }
  return nullptr;
}

class PlanReader {
 public:
  explicit PlanReader(const Registry& registry) : registry_(registry) {}

  Result<Plan> read(const Value& json) {
    const auto* number = json.find("version");
    if (number && *number != Value(version)) {
      return Error(Code::invalid, "a plan of version " + to_json(*number) + " can't be read here; this is version " +
                                      std::to_string(version));
    }
    const auto* steps = json.find("steps");
    if (!steps || !steps->get<Value::List>()) {
      return Error(Code::invalid, "a plan in JSON is {\"steps\": [...]}, not " + kind_of(json));
    }
    for (const auto& step : *steps->get<Value::List>()) KLEIN_TRY(add(step));
    return typed(std::move(plan_), registry_);
  }

 private:
  Result<> add(const Value& json) {
    const auto kind = KLEIN_TRY(string(json, "kind"));
    Step step{.name = json.find("name") ? KLEIN_TRY(string(json, "name")) : kind,
              .kind = kind,
              .params = {},
              .inputs = {},
              .schema = {}};
    auto filled = fill(step, json);
    if (!filled.ok()) return std::move(filled).error().at_step(step.name);
    plan_.steps.push_back(std::move(step));
    return {};
  }

  Result<std::string> string(const Value& step, std::string_view key) const {
    const auto* value = step.find(key);
    if (value && value->get<std::string>()) return *value->get<std::string>();
    return Error(Code::invalid, "step " + std::to_string(plan_.steps.size()) + " of the plan needs '" +
                                    std::string(key) + "', a string: " + to_json(step));
  }

  Result<> fill(Step& step, const Value& json) const {
    static const std::vector<std::string> known = {"name", "kind", "params", "inputs", "schema"};
    for (const auto& [key, value] : *json.get<Value::Map>()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        return Error(Code::invalid, "a step has no '" + key + "'." + suggestion(key, known));
      }
    }
    const auto* params = json.find("params");
    if (params && !params->get<Value::Map>())
      return Error(Code::invalid, "'params' must be a mapping, not " + kind_of(*params));
    step.params = KLEIN_TRY(checked(step.kind, params ? *params->get<Value::Map>() : Value::Map()));
    const auto* inputs = json.find("inputs");
    if (inputs && !inputs->get<Value::List>())
      return Error(Code::invalid, "'inputs' must be a list, not " + kind_of(*inputs));
    for (const auto& input : inputs ? *inputs->get<Value::List>() : Value::List()) {
      step.inputs.push_back(KLEIN_TRY(edge(input)));
    }
    return {};
  }

  Result<Params> checked(const std::string& kind, const Value::Map& given_params) const {
    const auto* declared = KLEIN_TRY(registry_.params(kind));
    for (const auto& [name, value] : given_params) {
      const bool plain = std::any_of(declared->begin(), declared->end(), [&, &key = name](const Param& param) {
        return param.name == key && param.type == ParamType::mapping;  // "object" may be a column's name there
      });
      const auto* object = plain ? nullptr : named_object(value);
      if (!object) continue;
      return Error(
          Code::invalid, "'" + name + "' holds " + *object + ", an object of the process that wrote this plan; " +
                             "JSON only names it, so build the plan where the object is");
    }
    return Params::make(*declared, given_params);
  }

  Result<Edge> edge(const Value& input) const {
    std::vector<std::string> outputs;
    const auto* wanted = input.get<std::string>();
    for (int step = 0; step < static_cast<int>(plan_.steps.size()); ++step) {
      for (const auto port : {Port::main, Port::late, Port::errors}) {
        const Edge found{step, port};
        if (wanted && output_name(plan_, found) == *wanted) return found;
      }
      outputs.push_back(plan_.steps[static_cast<std::size_t>(step)].name);
    }
    if (!wanted) return Error(Code::invalid, "an input is the name of an earlier step, not " + kind_of(input));
    return Error(Code::not_found, "no step before it is named '" + *wanted + "'." + suggestion(*wanted, outputs));
  }

  const Registry& registry_;
  Plan plan_;
};

}  // namespace

Result<Plan> plan_from_json(std::string_view json, const Registry& registry) {
  return PlanReader(registry).read(KLEIN_TRY(parse_json(json)));
}

Value to_value(const Plan& plan) {
  Value::List steps, changes(plan.changes.begin(), plan.changes.end());
  for (const auto& step : plan.steps) {
    Value::List inputs;
    for (const auto& edge : step.inputs) inputs.push_back(output_value(plan, edge));
    steps.push_back(Value::Map{
        {"name", step.name},
        {"kind", step.kind},
        {"params", given(step.params)},
        {"inputs", std::move(inputs)},
        {"schema", step.schema ? Value(step.schema->text()) : Value()}});
  }
  Value::Map value{{"version", version}, {"steps", std::move(steps)}};
  if (!changes.empty()) value.emplace_back("changes", std::move(changes));
  return value;
}

Value to_value(const ExecutionView& view) {
  Value::List chains, links;
  for (const auto& chain : view.chains) {
    Value::List steps;
    for (const int step : chain.steps) steps.emplace_back(view.plan.steps[static_cast<std::size_t>(step)].name);
    Value::Map value{
        {"steps", std::move(steps)}, {"parallelism", chain.parallelism}, {"lane", std::string(to_string(chain.lane))}};
    if (view.plan.steps[static_cast<std::size_t>(chain.steps.front())].inputs.empty()) {
      value.emplace_back("read_rows", chain.read_size.rows);
    }
    chains.push_back(std::move(value));
  }
  for (const auto& link : view.links) {
    Value::Map told{{"from", output_value(view.plan, link.edge)},
                    {"from_chain", link.from_chain},
                    {"to_chain", link.to_chain},
                    {"to_port", link.to_port},
                    {"exchange", std::string(to_string(link.exchange))}};
    if (!link.keys.empty()) told.emplace_back("keys", Value::List(link.keys.begin(), link.keys.end()));
    links.push_back(std::move(told));
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
                    {"channels", "in process"},
                    {"compute_threads", view.compute_threads},
                    {"light_threads", view.light_threads},
                    {"memory", view.memory}};
}

}  // namespace klein
