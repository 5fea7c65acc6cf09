#pragma once
// What the tests of kinds share: a kind from its file, its output as JSON, its optimiser's facts as text.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "op/json_rows.h"
#include "op/run_operator.h"

namespace klein {

/// The one kind that `add` registers.
inline OperatorKind kind_from(void (*add)(Registry&)) {
  Registry registry;
  add(registry);
  return registry.operators().begin()->second;
}

inline Value::Map map_from(std::string_view json) { return *parse_json(json)->get<Value::Map>(); }

/// The rows that leave, each as JSON, or the error's text; each input is a list of batches in JSON.
inline std::string output_of(const OperatorKind& kind, const Value::Map& params,
                             const std::vector<std::vector<std::string>>& inputs) {
  std::vector<std::vector<Batch>> batches;
  for (const auto& input : inputs) {
    auto& some = batches.emplace_back();
    for (const auto& rows : input) some.push_back(*rows_from_json(rows));
  }
  const auto ran = run_operator(kind, params, batches);
  return ran.ok() ? join(*rows_to_json(ran->rows), " ") : ran.error().text();
}

inline std::string output_of(const OperatorKind& kind, std::string_view params, const std::string& rows) {
  return output_of(kind, map_from(params), {{rows}});
}

inline Params params_of(const OperatorKind& kind, std::string_view json) {
  return *Params::make(kind.params, map_from(json));
}

/// The parameters of the two steps in one, as JSON; empty where they stay two.
inline std::string merged(const OperatorKind& kind, std::string_view params, const OperatorKind& next,
                          std::string_view next_params) {
  const auto both = kind.merge(params_of(kind, params), next.name, params_of(next, next_params));
  return both ? to_json(both->values()) : "";
}

inline std::string text_of(const Columns& columns) {
  return join(std::vector<std::string>(columns.begin(), columns.end()));
}

}  // namespace klein
