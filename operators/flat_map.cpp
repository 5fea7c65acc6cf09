// flat_map: one row becomes any number of rows, by the user's function.

#include "op/function_step.h"

namespace klein {

void register_flat_map(Registry& registry) {
  auto kind =
      function_kind("flat_map", "Turn each row into any number of rows by a function: flow.flat_map(split_words).",
                    "Called with each row, a dict; returns or yields the rows that take its place.");
  kind.by_row = true;
  kind.merge = [](const Params& params, const std::string& next_kind, const Params& next) {
    return next_kind == "map" || next_kind == "flat_map" ? fused_functions(params, next) : std::nullopt;
  };
  registry.add(std::move(kind));
}

}  // namespace klein
