#pragma once
// The step behind map, flat_map, map_batches and filter_rows: it calls the user's function with each batch, finds the
// rows that make it fail, and holds it to the schema of its first output.

#include <memory>
#include <optional>

#include "op/dead_letter.h"
#include "op/function.h"
#include "op/registry.h"

namespace klein {

/// A row of the registry for a kind whose work is the parameter `fn`, with `on_error`; name, doc and the optimiser's
/// facts are the caller's to add.
OperatorKind function_kind(std::string name, std::string doc, std::string fn_doc);

/// `fn` of both steps in one call, where both deal with errors alike; nothing: they stay two.
std::optional<Params> fused_functions(const Params& params, const Params& next);

/// Whether a step of these parameters calls a function in another process: then it waits most of the time.
bool is_remote(const OperatorKind& kind, const Params& params);

}  // namespace klein
