#include "op/registry.h"

#include "base/assert.h"
#include "base/text.h"

namespace klein {

namespace {

template <typename Kinds>
const typename Kinds::mapped_type* find(const Kinds& kinds, std::string_view name) {
  const auto found = kinds.find(name);
  return found == kinds.end() ? nullptr : &found->second;
}

std::string_view to_string(Port port) { return port == Port::main ? "main" : port == Port::late ? "late" : "errors"; }

Value describe(const Param& param) {
  Value::List choices;
  for (const auto& choice : param.choices) choices.emplace_back(choice);
  Value::Map row = {{"name", param.name},
                    {"type", std::string(to_string(param.type))},
                    {"doc", param.doc},
                    {"required", !param.fallback.has_value()}};
  if (param.fallback) row.emplace_back("default", *param.fallback);
  row.emplace_back("choices", std::move(choices));
  row.emplace_back("keyword_only", param.keyword_only);
  row.emplace_back("variadic", param.variadic);
  return row;
}

Value describe(const Example& example) {
  return Value::Map{{"params", example.params}, {"in", example.in},       {"out", example.out},
                    {"errors", example.errors}, {"types", example.types}, {"invariant", example.invariant}};
}

template <typename Rows>
Value::List describe_all(const Rows& rows) {
  Value::List all;
  for (const auto& row : rows) all.push_back(describe(row));
  return all;
}

/// What kinds of every sort have.
template <typename Kind>
Value::Map described(const Kind& kind) {
  return {{"name", kind.name}, {"doc", kind.doc}, {"params", describe_all(kind.params)}};
}

Value describe(const OperatorKind& kind) {
  auto row = described(kind);
  Value::List ports;
  for (const auto port : kind.ports) ports.emplace_back(std::string(to_string(port)));
  row.emplace_back("examples", describe_all(kind.examples));
  row.emplace_back("inputs", kind.inputs);
  row.emplace_back("lane", kind.lane == Lane::light ? "light" : "compute");
  row.emplace_back("slow", kind.slow);
  row.emplace_back("batch_rows", kind.batch_rows);
  row.emplace_back("max_parallelism", kind.max_parallelism);
  row.emplace_back("deterministic", kind.deterministic);
  row.emplace_back("stateful", kind.stateful);
  row.emplace_back("ports", std::move(ports));
  return row;
}

Value describe(const SourceKind& kind) {
  auto row = described(kind);
  row.emplace_back("examples", describe_all(kind.examples));
  return row;
}

Value describe(const SinkKind& kind) {
  auto row = described(kind);
  row.emplace_back("max_parallelism", kind.max_parallelism);
  return row;
}

template <typename Kinds>
Value::List describe_kinds(const Kinds& kinds) {
  Value::List all;
  for (const auto& [name, kind] : kinds) all.push_back(describe(kind));
  return all;
}

}  // namespace

void Registry::add(OperatorKind kind) {
  KLEIN_ASSERT(!params(kind.name).ok());
  KLEIN_ASSERT(kind.schema && kind.make);
  operators_.emplace(kind.name, std::move(kind));
}

void Registry::add(SourceKind kind) {
  KLEIN_ASSERT(!params(kind.name).ok());
  KLEIN_ASSERT(static_cast<bool>(kind.make));
  sources_.emplace(kind.name, std::move(kind));
}

void Registry::add(SinkKind kind) {
  KLEIN_ASSERT(!params(kind.name).ok());
  KLEIN_ASSERT(static_cast<bool>(kind.make));
  sinks_.emplace(kind.name, std::move(kind));
}

const OperatorKind* Registry::find_operator(std::string_view name) const { return find(operators_, name); }

const SourceKind* Registry::find_source(std::string_view name) const { return find(sources_, name); }

const SinkKind* Registry::find_sink(std::string_view name) const { return find(sinks_, name); }

std::vector<std::string> Registry::names() const {
  std::vector<std::string> all;
  for (const auto& [name, kind] : operators_) all.push_back(name);
  for (const auto& [name, kind] : sources_) all.push_back(name);
  for (const auto& [name, kind] : sinks_) all.push_back(name);
  return all;
}

Result<const std::vector<Param>*> Registry::params(std::string_view kind) const {
  if (const auto* row = find_operator(kind)) return &row->params;
  if (const auto* row = find_source(kind)) return &row->params;
  if (const auto* row = find_sink(kind)) return &row->params;
  return Error(Code::not_found, "there is no kind of step '" + std::string(kind) + "'." + suggestion(kind, names()));
}

Value describe(const Registry& registry) {
  return Value::Map{{"operators", describe_kinds(registry.operators())},
                    {"sources", describe_kinds(registry.sources())},
                    {"sinks", describe_kinds(registry.sinks())}};
}

}  // namespace klein
