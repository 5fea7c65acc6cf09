#pragma once
// The rules of the optimiser, each `Plan -> Plan`, or nothing where there is nothing to do. None names a kind: a kind's
// row says what it commutes with, which columns it needs, and how it joins its neighbour. The same rows come out.

#include <optional>

#include "plan/plan.h"

namespace klein {

using Rewritten = Result<std::optional<Plan>>;

/// Two adjacent steps become one where the first one's row offers it.
Rewritten merge_adjacent(const Plan& plan, const Registry& registry);
/// A step that only drops rows by an expression goes before steps that keep every row and do not make what it reads; at
/// a source that has the parameter "filter" it becomes that parameter.
Rewritten push_predicate(const Plan& plan, const Registry& registry);
/// A source that has the parameter "limit" reads no more than a later step keeps of the first rows.
Rewritten push_limit(const Plan& plan, const Registry& registry);
/// A source that has the parameter "columns" reads only those that some later step needs.
Rewritten push_projection(const Plan& plan, const Registry& registry);

// What the rules have in common.

/// The only reader of the step's main output, where there is one and no other port is read; else -1.
int only_consumer(const Plan& plan, int step);
/// Whether the source of this step declares such a parameter.
bool source_takes(const Plan& plan, int step, const Registry& registry, std::string_view parameter);
/// The plan without this step: its readers read its only input.
Plan without(const Plan& plan, int step);

}  // namespace klein
