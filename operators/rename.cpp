// rename: other names for columns. Places, types and values stay.

#include <algorithm>
#include <set>

#include "op/by_schema.h"
#include "op/registry.h"

namespace klein {

namespace {

using Names = std::vector<std::pair<std::string, std::string>>;  // old, new

Result<std::shared_ptr<arrow::Schema>> renamed(const Names& names, const Schema& schema) {
  auto fields = schema.arrow()->fields();
  for (const auto& [from, to] : names) {
    auto& field = fields[static_cast<std::size_t>(KLEIN_TRY(schema.index(from)))];
    field = field->WithName(to);
  }
  std::set<std::string_view> taken;
  for (const auto& field : fields) {
    if (!taken.insert(field->name()).second) {
      return Error(Code::invalid, "two columns would be named '" + field->name() + "'; rename or drop the other first");
    }
  }
  return arrow::schema(std::move(fields), schema.arrow()->metadata());
}

class Rename final : public Operator {
 public:
  explicit Rename(Names names) : names_(std::move(names)) {}

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto& schema = *KLEIN_TRY(schemas_.get(batch, [&](const Schema& input) { return renamed(names_, input); }));
    out.emit(batch.with(arrow::RecordBatch::Make(schema, batch.rows(), batch.columns()->column_data())));
    return Progress::done;
  }

 private:
  const Names names_;
  BySchema<std::shared_ptr<arrow::Schema>> schemas_;
};

Result<std::optional<Schema>> output_schema(const Params& params, const Schemas& inputs) {
  if (!inputs.front()) return std::optional<Schema>();
  return std::optional(Schema(KLEIN_TRY(renamed(params.mapping("columns"), *inputs.front()))));
}

/// What of `wanted` the input brings, under its old name.
Columns required(const Params& params, const Columns& wanted) {
  auto needed = wanted;
  const auto names = params.mapping("columns");
  for (const auto& [from, to] : names) needed.erase(to);
  for (const auto& [from, to] : names) needed.insert(from);
  return needed;
}

Params narrowed(const Params& params, const Columns& wanted) {
  auto names = *params.value("columns").get<Value::Map>();
  std::erase_if(names, [&](const auto& name) { return !wanted.contains(*name.second.template get<std::string>()); });
  return params.with("columns", std::move(names));
}

std::optional<Params> merged(const Params& params, const std::string& next_kind, const Params& next) {
  if (next_kind != "rename") return std::nullopt;
  const auto& first = *params.value("columns").get<Value::Map>();
  auto names = first;
  for (const auto& [from, to] : *next.value("columns").get<Value::Map>()) {
    const auto known =
        std::find_if(first.begin(), first.end(), [&](const auto& name) { return name.second == Value(from); });
    if (known != first.end()) {
      names[static_cast<std::size_t>(known - first.begin())].second = to;
    } else {
      names.emplace_back(from, to);
    }
  }
  return params.with("columns", std::move(names));
}

}  // namespace

void register_rename(Registry& registry) {
  registry.add(OperatorKind{
      .name = "rename",
      .doc = "Give columns other names.",
      .params = {{.name = "columns", .type = ParamType::mapping, .doc = "The old names, each with its new one."}},
      .examples = {{.params = R"({"columns": {"id": "key"}})",
                    .in = R"([{"id": 1, "name": "a"}])",
                    .out = R"([{"key": 1, "name": "a"}])"},
                   {.params = R"({"columns": {"a": "b", "b": "a"}})",
                    .in = R"([{"a": 1, "b": 2}])",
                    .out = R"([{"b": 1, "a": 2}])"}},
      .schema = output_schema,
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Rename>(params.mapping("columns"));
      },
      .one_to_one = [](const Params&) { return true; },
      .required = required,
      .narrow = narrowed,
      .makes =
          [](const Params& params) {
            Columns made;
            for (auto& [from, to] : params.mapping("columns")) made.insert(to);
            return made;
          },
      .merge = merged});
}

}  // namespace klein
