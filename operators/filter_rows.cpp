// filter_rows: the rows for which the user's function is true. What an expression can say is `filter`'s, and faster.

#include "op/function_step.h"

namespace klein {

void register_filter_rows(Registry& registry) {
  auto kind =
      function_kind("filter_rows", "Keep the rows for which a function is true; flow.filter(function) is the same.",
                    "Called with each row, a dict; returns whether the row is kept.");
  kind.by_row = true;
  kind.schema = [](const Params&, const Schemas& inputs) -> Result<std::optional<Schema>> { return inputs.front(); };
  kind.makes = [](const Params&) { return Columns(); };
  kind.merge = [](const Params& params, const std::string& next_kind, const Params& next) {
    return next_kind == "filter_rows" ? fused_functions(params, next) : std::nullopt;
  };
  registry.add(std::move(kind));
}

}  // namespace klein
