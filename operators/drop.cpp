// drop: all columns but the named ones. No value is copied.

#include <algorithm>

#include "op/by_schema.h"
#include "op/projection.h"
#include "op/registry.h"

namespace klein {

namespace {

Result<Projection> remaining(const Params& params, const Schema& schema) {
  const auto columns = params.strings("columns");
  for (const auto& column : columns) {
    if (params.boolean("strict")) KLEIN_TRY(schema.index(column));
  }
  std::vector<int> places;
  for (int place = 0; place < schema.columns(); ++place) {
    const auto& name = schema.arrow()->field(place)->name();
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) places.push_back(place);
  }
  if (places.empty()) return Error(Code::invalid, "no column would be left of (" + schema.text() + ")");
  return Projection(schema, std::move(places));
}

class Drop final : public Operator {
 public:
  explicit Drop(Params params) : params_(std::move(params)) {}

  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto* rest = KLEIN_TRY(rests_.get(batch, [&](const Schema& schema) { return remaining(params_, schema); }));
    out.emit(rest->apply(batch));
    return Progress::done;
  }

 private:
  const Params params_;
  BySchema<Projection> rests_;
};

Result<std::optional<Schema>> output_schema(const Params& params, const Schemas& inputs) {
  if (params.strings("columns").empty()) return Error(Code::invalid, "name at least one column to drop");
  if (!inputs.front()) return std::optional<Schema>();
  return std::optional(KLEIN_TRY(remaining(params, *inputs.front())).schema());
}

std::optional<Params> merged(const Params& params, const std::string& next_kind, const Params& next) {
  if (next_kind != "drop" || params.boolean("strict") != next.boolean("strict")) return std::nullopt;
  auto columns = *params.value("columns").get<Value::List>();
  for (const auto& column : *next.value("columns").get<Value::List>()) columns.push_back(column);
  return params.with("columns", std::move(columns));
}

}  // namespace

void register_drop(Registry& registry) {
  registry.add(OperatorKind{
      .name = "drop",
      .doc = "Drop the named columns and keep the others.",
      .params = {{.name = "columns", .type = ParamType::strings, .doc = "The columns to drop.", .variadic = true},
                 {.name = "strict",
                  .type = ParamType::boolean,
                  .doc = "Refuse a column that is not there.",
                  .fallback = Value(true),
                  .keyword_only = true}},
      .examples = {{.params = R"({"columns": "size"})",
                    .in = R"([{"id": 1, "size": 3, "name": "a"}])",
                    .out = R"([{"id": 1, "name": "a"}])"},
                   {.params = R"({"columns": ["size", "price"], "strict": false})",
                    .in = R"([{"id": 1, "size": 3}])",
                    .out = R"([{"id": 1}])"}},
      .schema = output_schema,
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Drop>(params);
      },
      .one_to_one = [](const Params&) { return true; },
      .required =
          [](const Params& params, const Columns& wanted) {
            auto needed = wanted;
            if (params.boolean("strict")) {
              for (auto& column : params.strings("columns")) needed.insert(std::move(column));
            }
            return needed;
          },
      .narrow = [](const Params& params, const Columns&) { return params.with("strict", false); },
      .makes = [](const Params&) { return Columns(); },
      .merge = merged});
}

}  // namespace klein
