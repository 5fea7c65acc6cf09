#pragma once
// The rules of the optimiser, each `Plan -> Plan`, or nothing where there is nothing to do. None names a kind: a kind's
// row says what it commutes with, which columns it needs, and how it joins its neighbour. The same rows come out of a
// plan that succeeds; of rows that a plan drops, a rule may drop the failures too.

#include <optional>

#include "plan/plan.h"

namespace klein {

using Rewritten = Result<std::optional<Plan>>;

/// Two adjacent steps become one where the first one's row offers it. Its name is "first+second".
Rewritten merge_adjacent(const Plan& plan, const Registry& registry);
/// A step that only drops rows by an expression goes before steps that keep every row and do not make what it reads; at
/// a source that has the parameter "filter" it becomes that parameter.
Rewritten push_predicate(const Plan& plan, const Registry& registry);
/// A step that keeps the first rows goes before steps that make one row of each; a source before it that has the
/// parameter "limit" is told, so that it may end early. The step stays: it counts over all readers.
Rewritten push_limit(const Plan& plan, const Registry& registry);
/// A source that has the parameter "columns" reads only those that some later step needs, and steps leave out what
/// nobody reads.
Rewritten push_projection(const Plan& plan, const Registry& registry);

// What the rules have in common.

/// The only reader of the step's main output, where there is one and no other port is read; else -1.
int only_consumer(const Plan& plan, int step);
/// Whether the source of this step declares such a parameter.
bool source_takes(const Plan& plan, int step, const Registry& registry, std::string_view parameter);
/// Whether the step makes exactly one row of each row of its one input.
bool keeps_every_row(const Step& step, const Registry& registry);
/// The plan without this step: the readers of its main output read its only input. No other port of it may be read.
Plan without(const Plan& plan, int step);
/// The plan in which a step and the only reader of its main output changed places.
Plan swapped(const Plan& plan, int step, int reader);
/// The plan with one argument of a step changed.
Plan with_argument(const Plan& plan, int step, std::string_view parameter, Value value);

/// `typed`, but sources that have a schema keep it: rules clear that of a source they change.
Result<Plan> retyped(Plan plan, const Registry& registry);

}  // namespace klein
