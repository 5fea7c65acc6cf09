// map: one row becomes one row, by the user's function.

#include "op/function_step.h"

namespace klein {

void register_map(Registry& registry) {
  auto kind = function_kind(
      "map", "Turn each row into another by a function: flow.map(lambda row: {**row, \"n\": row[\"n\"] + 1}).",
      "Called with each row, a dict; returns the row that takes its place.");
  kind.by_row = true;
  kind.one_to_one = [](const Params& params) { return on_error(params) == OnError::raise; };
  kind.merge = [](const Params& params, const std::string& next_kind, const Params& next) {
    return next_kind == "map" ? fused_functions(params, next) : std::nullopt;
  };
  registry.add(std::move(kind));
}

}  // namespace klein
