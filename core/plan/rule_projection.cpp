#include <arrow/type.h>

#include <algorithm>

#include "base/text.h"
#include "plan/rules.h"

namespace klein {

namespace {

/// Columns, or nothing: all of them.
using Need = std::optional<Columns>;

Columns columns_of(const Schema& schema) {
  const auto names = schema.names();
  return Columns(names.begin(), names.end());
}

/// How far a step is trusted with fewer columns: it leaves out its own part too; it stays as it is, and still gets the
/// columns whose place its own take; it gets all.
enum class Care { none, places, all };

/// Walks back from the sinks, which need everything.
class Projection {
 public:
  Projection(const Plan& plan, const Registry& registry, const std::vector<Care>& cares)
      : plan_(plan),
        registry_(registry),
        cares_(cares),
        needs_(plan.steps.size(), Columns()),
        whole_inputs_(plan.steps.size()),
        rewritten_(plan) {
    for (auto place = plan.steps.size(); place-- > 0;) visit(place);
  }

  std::optional<Plan> rewritten() {
    bool changed = false;
    std::vector<bool> narrower(plan_.steps.size());  // what comes out of the step has fewer columns than before
    for (std::size_t place = 0; place < plan_.steps.size(); ++place) {
      const auto& step = plan_.steps[place];
      const bool read_less = std::any_of(step.inputs.begin(), step.inputs.end(), [&](const Edge& edge) {
        return narrower[static_cast<std::size_t>(edge.step)];
      });
      const bool source = narrow_source(place);
      const bool operation = kind(place) && (read_less || wanted_less(place)) && narrow_operator(place);
      narrower[place] = source || operation || read_less;
      changed |= source || operation;
    }
    return changed ? std::optional(std::move(rewritten_)) : std::nullopt;
  }

  /// Whether all that the step gives is needed, as it is.
  bool whole(std::size_t place) const { return !needs_[place]; }

 private:
  const OperatorKind* kind(std::size_t place) const { return registry_.find_operator(plan_.steps[place].kind); }

  /// What is wanted of a step's output, by name; nothing where it is not known.
  Need wanted(std::size_t place) const {
    if (needs_[place]) return needs_[place];
    return plan_.steps[place].schema ? Need(columns_of(*plan_.steps[place].schema)) : std::nullopt;
  }

  bool wanted_less(std::size_t place) const {
    const auto& schema = plan_.steps[place].schema;
    return needs_[place] && schema && static_cast<int>(needs_[place]->size()) < schema->columns();
  }

  Params narrowed(std::size_t place) const {
    const auto& step = plan_.steps[place];
    const auto* row = kind(place);
    const auto columns = cares_[place] == Care::none ? wanted(place) : std::nullopt;
    return row && row->narrow && columns ? row->narrow(step.params, *columns) : step.params;
  }

  /// The columns of its input that are named like wanted ones.
  Columns given_again(std::size_t place, Columns columns) const {
    const auto input = schema_of(plan_, plan_.steps[place].inputs.front());
    std::erase_if(columns, [&](const auto& column) { return input && !input->has(column); });
    return columns;
  }

  /// What the step needs of its inputs.
  Need needed(std::size_t place) const {
    const auto* row = kind(place);
    const auto columns = wanted(place);
    if (!row || !row->required || !columns || plan_.steps[place].inputs.size() != 1) return std::nullopt;
    if (whole_inputs_[place] || cares_[place] == Care::all) return std::nullopt;
    auto columns_needed = row->required(narrowed(place), *columns);
    if (cares_[place] == Care::places) columns_needed.merge(given_again(place, *columns));
    return columns_needed;
  }

  void visit(std::size_t place) {
    // Rows without any column would be lost: of a step that is only counted, one column stays.
    const auto& schema = plan_.steps[place].schema;
    if (needs_[place] && needs_[place]->empty() && schema && schema->columns() > 0) {
      needs_[place]->insert(schema->names().front());
    }
    for (const auto& edge : plan_.steps[place].inputs) {
      const auto before = static_cast<std::size_t>(edge.step);
      if (edge.port != Port::main) whole_inputs_[before] = true;
      const auto own = edge.port == Port::main ? needed(place) : edge.port == Port::errors ? Columns() : Need();
      if (!own) needs_[before].reset();
      if (needs_[before]) needs_[before]->insert(own->begin(), own->end());
    }
  }

  bool narrow_source(std::size_t place) {
    const auto& source = plan_.steps[place];
    const auto number = static_cast<int>(place);
    if (!wanted_less(place) || !source_takes(plan_, number, registry_, "columns")) return false;
    std::vector<std::string> names;  // in the order of the source
    for (auto& name : source.schema->names()) {
      if (needs_[place]->contains(name)) names.push_back(std::move(name));
    }
    rewritten_ = with_argument(rewritten_, number, "columns", Value::List(names.begin(), names.end()));
    rewritten_.changes.push_back(source.name + " reads " + std::to_string(names.size()) + " of " +
                                 std::to_string(source.schema->columns()) + " columns: " + join(names));
    return true;
  }

  bool narrow_operator(std::size_t place) {
    auto params = narrowed(place);
    auto& step = rewritten_.steps[place];
    if (params == step.params) return false;
    step.params = std::move(params);
    rewritten_.changes.push_back(step.name + " leaves out what no later step reads");
    return true;
  }

  const Plan& plan_;
  const Registry& registry_;
  const std::vector<Care>& cares_;
  std::vector<Need> needs_;
  std::vector<bool> whole_inputs_;  // whether late rows or dead letters of the step are read
  Plan rewritten_;
};

/// Whether `narrow` is `wide` without some of its columns.
bool part_of(const Schema& narrow, const Schema& wide) {
  int next = 0;
  for (const auto& field : wide.arrow()->fields()) {
    if (next < narrow.columns() && narrow.arrow()->field(next)->Equals(*field, false)) ++next;
  }
  return next == narrow.columns();
}

/// The first step that gives columns, or an order of them, that it did not give before.
std::size_t stranger(const Plan& before, const Plan& after) {
  for (std::size_t place = 0; place < before.steps.size(); ++place) {
    const auto &wide = before.steps[place].schema, &narrow = after.steps[place].schema;
    if (wide && narrow && !part_of(*narrow, *wide)) return place;
  }
  return before.steps.size();
}

bool same_where_whole(const Plan& before, const Plan& after, const Projection& projection) {
  for (std::size_t place = 0; place < before.steps.size(); ++place) {
    if (projection.whole(place) && before.steps[place].schema != after.steps[place].schema) return false;
  }
  return true;
}

Care more(Care care) { return care == Care::none ? Care::places : Care::all; }

}  // namespace

Rewritten push_projection(const Plan& plan, const Registry& registry) {
  // A column that is made goes where one of its name was, else to the end; a step that leaves out its part may let a
  // column pass that it took away. Where that would reach a reader of everything, the steps that cause it get more
  // columns.
  std::vector<Care> cares(plan.steps.size(), Care::none);
  while (true) {
    Projection projection(plan, registry, cares);
    auto rewritten = projection.rewritten();
    if (!rewritten) return std::optional<Plan>();
    auto narrow = retyped(*std::move(rewritten), registry);
    if (narrow.ok() && same_where_whole(plan, *narrow, projection)) return std::optional(*std::move(narrow));
    const auto found = narrow.ok() ? stranger(plan, *narrow) : plan.steps.size();
    if (found < plan.steps.size() && cares[found] != Care::all) {
      cares[found] = more(cares[found]);
      continue;
    }
    const bool most = std::all_of(cares.begin(), cares.end(), [](Care care) { return care == Care::all; });
    if (most && !narrow.ok()) return std::move(narrow).error();
    KLEIN_ASSERT(!most);  // nothing is left out then but what nobody reads
    std::transform(cares.begin(), cares.end(), cares.begin(), more);
  }
}

}  // namespace klein
