// select: the named columns, in the order named. No value is copied.

#include <algorithm>

#include "op/by_schema.h"
#include "op/projection.h"
#include "op/registry.h"

namespace klein {

namespace {

Result<Projection> selected(const std::vector<std::string>& columns, const Schema& schema) {
  std::vector<int> places;
  for (const auto& column : columns) places.push_back(KLEIN_TRY(schema.index(column)));
  return Projection(schema, std::move(places));
}

class Select final : public Operator {
 public:
  explicit Select(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto* selection =
        KLEIN_TRY(selections_.get(batch, [&](const Schema& schema) { return selected(columns_, schema); }));
    out.emit(selection->apply(batch));
    return Progress::done;
  }

 private:
  const std::vector<std::string> columns_;
  BySchema<Projection> selections_;
};

Result<std::optional<Schema>> output_schema(const Params& params, const Schemas& inputs) {
  const auto columns = params.strings("columns");
  if (columns.empty()) return Error(Code::invalid, "name at least one column to select");
  for (auto column = columns.begin(); column != columns.end(); ++column) {
    if (std::find(columns.begin(), column, *column) != column) {
      return Error(Code::invalid, "'" + *column + "' is selected twice");
    }
  }
  if (!inputs.front()) return std::optional<Schema>();
  return std::optional(KLEIN_TRY(selected(columns, *inputs.front())).schema());
}

Value list(const std::vector<std::string>& columns) {
  Value::List all;
  for (const auto& column : columns) all.emplace_back(column);
  return all;
}

Params narrowed(const Params& params, const Columns& wanted) {
  auto columns = params.strings("columns");
  std::erase_if(columns, [&](const auto& column) { return !wanted.contains(column); });
  return columns.empty() ? params : params.with("columns", list(columns));
}

std::optional<Params> merged(const Params& params, const std::string& next_kind, const Params& next) {
  if (next_kind == "select") return next;
  if (next_kind != "drop") return std::nullopt;
  auto columns = params.strings("columns");
  for (const auto& dropped : next.strings("columns")) std::erase(columns, dropped);
  if (columns.empty()) return std::nullopt;
  return params.with("columns", list(columns));
}

}  // namespace

void register_select(Registry& registry) {
  registry.add(OperatorKind{
      .name = "select",
      .doc = "Keep the named columns, in the order named.",
      .params = {{.name = "columns", .type = ParamType::strings, .doc = "The columns to keep.", .variadic = true}},
      .examples = {{.params = R"({"columns": ["name", "id"]})",
                    .in = R"([{"id": 1, "name": "a", "size": 3}, {"id": 2, "name": "b", "size": 4}])",
                    .out = R"([{"name": "a", "id": 1}, {"name": "b", "id": 2}])"}},
      .schema = output_schema,
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Select>(params.strings("columns"));
      },
      .one_to_one = [](const Params&) { return true; },
      .required =
          [](const Params& params, const Columns&) {
            const auto columns = params.strings("columns");
            return Columns(columns.begin(), columns.end());
          },
      .narrow = narrowed,
      .makes = [](const Params&) { return Columns(); },
      .merge = merged});
}

}  // namespace klein
