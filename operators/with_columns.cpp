// with_columns: columns computed by expressions, each over the columns that come in; appended, or in place of one of
// the same name.

#include <arrow/array.h>

#include <algorithm>

#include "op/by_schema.h"
#include "op/registry.h"

namespace klein {

namespace {

using Definitions = std::vector<std::pair<std::string, std::shared_ptr<const Expression>>>;

struct Computed {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::pair<int, BoundExpression>> columns;  // each with its place in the output
};

Result<Computed> bound(const Definitions& definitions, const Schema& schema) {
  Computed computed;
  auto fields = schema.arrow()->fields();
  for (const auto& [name, expression] : definitions) {
    auto column = BoundExpression::make(*expression, schema);
    if (!column.ok()) return std::move(column).error().while_doing("column '" + name + "'");
    const auto field = arrow::field(name, column->type());
    const auto place = schema.has(name) ? KLEIN_TRY(schema.index(name)) : static_cast<int>(fields.size());
    if (place < schema.columns()) {
      fields[static_cast<std::size_t>(place)] = field;
    } else {
      fields.push_back(field);
    }
    computed.columns.emplace_back(place, *std::move(column));
  }
  computed.schema = arrow::schema(std::move(fields), schema.arrow()->metadata());
  return computed;
}

class WithColumns final : public Operator {
 public:
  explicit WithColumns(Definitions definitions) : definitions_(std::move(definitions)) {}

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto* computed =
        KLEIN_TRY(computed_.get(batch, [&](const Schema& schema) { return bound(definitions_, schema); }));
    auto columns = batch.columns()->column_data();
    columns.resize(static_cast<std::size_t>(computed->schema->num_fields()));
    for (const auto& [place, expression] : computed->columns) {
      columns[static_cast<std::size_t>(place)] = KLEIN_TRY(expression.evaluate(batch))->data();
    }
    out.emit(batch.with(arrow::RecordBatch::Make(computed->schema, batch.rows(), std::move(columns))));
    return Progress::done;
  }

 private:
  const Definitions definitions_;
  BySchema<Computed> computed_;
};

Columns names_of(const Params& params) {
  Columns names;
  for (auto& [name, expression] : params.expressions("columns")) names.insert(name);
  return names;
}

Columns required(const Params& params, const Columns& wanted) {
  auto needed = wanted;
  for (const auto& name : names_of(params)) needed.erase(name);
  for (const auto& [name, expression] : params.expressions("columns")) {
    for (auto& column : expression->columns()) needed.insert(std::move(column));
  }
  return needed;
}

Value to_value(const Definitions& definitions) {
  Value::Map all;
  for (const auto& [name, expression] : definitions) all.emplace_back(name, Value(Value::Handle(expression)));
  return all;
}

Params narrowed(const Params& params, const Columns& wanted) {
  auto definitions = params.expressions("columns");
  std::erase_if(definitions, [&](const auto& definition) { return !wanted.contains(definition.first); });
  return params.with("columns", to_value(definitions));
}

/// Both steps' columns at once, where nothing is then computed twice: what the second reads of the first's columns must
/// be plain columns or literals there.
std::optional<Params> merged(const Params& params, const std::string& next_kind, const Params& next) {
  if (next_kind != "with_columns") return std::nullopt;
  auto all = params.expressions("columns");
  const auto first = all;
  for (const auto& [name, expression] : next.expressions("columns")) {
    const auto read = expression->columns();
    const auto twice = [&](const auto& definition) {
      return !definition.second->trivial() && std::find(read.begin(), read.end(), definition.first) != read.end();
    };
    if (std::any_of(first.begin(), first.end(), twice)) return std::nullopt;
    const auto same =
        std::find_if(all.begin(), all.end(), [&, &made = name](const auto& one) { return one.first == made; });
    if (same != all.end()) {
      same->second = expression->substitute(first);
    } else {
      all.emplace_back(name, expression->substitute(first));
    }
  }
  return params.with("columns", to_value(all));
}

}  // namespace

void register_with_columns(Registry& registry) {
  registry.add(OperatorKind{
      .name = "with_columns",
      .doc = "Add columns computed by expressions; one that has the name of a column takes its place.",
      .params = {{.name = "columns",
                  .type = ParamType::expressions,
                  .doc = "The new columns' names, each with its expression over the columns that come in.",
                  .variadic = true}},
      .examples = {{.params = R"({"columns": {"total": ["multiply", {"column": "price"}, {"column": "count"}]}})",
                    .in = R"([{"price": 2, "count": 3}, {"price": 5, "count": 1}])",
                    .out = R"([{"price": 2, "count": 3, "total": 6}, {"price": 5, "count": 1, "total": 5}])"},
                   {.params = R"({"columns": {"a": {"column": "b"}, "b": {"column": "a"}, "c": "new"}})",
                    .in = R"([{"a": 1, "b": "x"}])",
                    .out = R"([{"a": "x", "b": 1, "c": "new"}])"}},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        if (!inputs.front()) return std::optional<Schema>();
        return std::optional(Schema(KLEIN_TRY(bound(params.expressions("columns"), *inputs.front())).schema));
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<WithColumns>(params.expressions("columns"));
      },
      .one_to_one = [](const Params&) { return true; },
      .required = required,
      .narrow = narrowed,
      .makes = names_of,
      .merge = merged});
}

}  // namespace klein
