// explode: a row for each entry of a list column. It multiplies rows, so it emits in parts and goes on in `resume`.

#include <arrow/array.h>

#include "op/by_schema.h"
#include "op/registry.h"

namespace klein {

namespace {

constexpr std::int64_t part_rows = 16 * 1024;  // emitted at a time, or one row's entries where it has more

struct Exploded {
  std::shared_ptr<arrow::Schema> schema;
  int place;
};

Result<Exploded> exploded(const std::string& column, const Schema& schema) {
  const auto place = KLEIN_TRY(schema.index(column));
  const auto type = schema.arrow()->field(place)->type();
  if (!arrow::is_list_like(type->id()) || type->id() == arrow::Type::MAP) {
    return Error(Code::invalid, "'" + column + "' must be a list to explode; it is " + text(*type));
  }
  const auto field = arrow::field(column, type->field(0)->type());
  return Exploded{KLEIN_ARROW(schema.arrow()->SetField(place, field)), place};
}

/// Entries of the list in each row, as any of Arrow's list types holds them.
std::int64_t entries(const arrow::Array& lists, std::int64_t row) {
  if (lists.IsNull(row)) return 0;
  switch (lists.type_id()) {
    case arrow::Type::LIST: return static_cast<const arrow::ListArray&>(lists).value_length(row);
    case arrow::Type::LARGE_LIST: return static_cast<const arrow::LargeListArray&>(lists).value_length(row);
    default: return static_cast<const arrow::FixedSizeListArray&>(lists).value_length(row);
  }
}

Result<std::shared_ptr<arrow::Array>> flat(const arrow::Array& lists) {
  switch (lists.type_id()) {
    case arrow::Type::LIST: return KLEIN_ARROW(static_cast<const arrow::ListArray&>(lists).Flatten());
    case arrow::Type::LARGE_LIST: return KLEIN_ARROW(static_cast<const arrow::LargeListArray&>(lists).Flatten());
    default: return KLEIN_ARROW(static_cast<const arrow::FixedSizeListArray&>(lists).Flatten());
  }
}

class Explode final : public Operator {
 public:
  explicit Explode(std::string column) : column_(std::move(column)) {}

  Result<Progress> process(int, Batch batch, Output& out) override {
    shape_ = KLEIN_TRY(shapes_.get(batch, [&](const Schema& schema) { return exploded(column_, schema); }));
    lists_ = batch.columns()->column(shape_->place);
    const auto nothing = std::make_shared<arrow::NullArray>(batch.rows());  // so that no list is repeated
    const auto field = arrow::field(column_, arrow::null());
    others_ = batch.with(KLEIN_ARROW(batch.columns()->SetColumn(shape_->place, field, nothing)));
    next_ = 0;
    return resume(out);
  }

  Result<Progress> resume(Output& out) override {
    while (next_ < others_->rows()) {
      if (out.full()) return Progress::more;
      KLEIN_TRY(emit_part(out));
    }
    others_.reset();
    lists_.reset();
    return Progress::done;
  }

 private:
  Result<> emit_part(Output& out) {
    std::vector<std::int64_t> origin;
    const auto first = next_;
    while (next_ < lists_->length() && static_cast<std::int64_t>(origin.size()) < part_rows) {
      origin.insert(origin.end(), static_cast<std::size_t>(entries(*lists_, next_)), next_);
      ++next_;
    }
    const auto repeated = KLEIN_TRY(others_->pick(origin));
    const auto values = KLEIN_TRY(flat(*lists_->Slice(first, next_ - first)));
    auto columns = repeated.columns()->column_data();
    columns[static_cast<std::size_t>(shape_->place)] = values->data();
    out.emit(repeated.with(arrow::RecordBatch::Make(shape_->schema, repeated.rows(), std::move(columns))));
    return {};
  }

  const std::string column_;
  BySchema<Exploded> shapes_;
  const Exploded* shape_ = nullptr;
  std::optional<Batch> others_;  // the input without its lists
  std::shared_ptr<arrow::Array> lists_;
  std::int64_t next_ = 0;  // the first row that is not emitted
};

}  // namespace

void register_explode(Registry& registry) {
  registry.add(OperatorKind{
      .name = "explode",
      .doc = "Make a row of each entry of a list, the other columns repeated; an empty or null list gives none.",
      .params = {{.name = "column", .type = ParamType::string, .doc = "The column that holds lists."}},
      .examples = {{.params = R"({"column": "tags"})",
                    .in = R"([{"id": 1, "tags": ["a", "b"]}, {"id": 2, "tags": []}, {"id": 3, "tags": null},
                              {"id": 4, "tags": ["c", null]}])",
                    .out = R"([{"id": 1, "tags": "a"}, {"id": 1, "tags": "b"}, {"id": 4, "tags": "c"},
                               {"id": 4, "tags": null}])",
                    .types = "id: int64, tags: list of string"}},
      .schema = [](const Params& params, const Schemas& inputs) -> Result<std::optional<Schema>> {
        if (!inputs.front()) return std::optional<Schema>();
        return std::optional(Schema(KLEIN_TRY(exploded(params.string("column"), *inputs.front())).schema));
      },
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Explode>(params.string("column"));
      },
      .required =
          [](const Params& params, const Columns& wanted) {
            auto needed = wanted;
            needed.insert(params.string("column"));
            return needed;
          },
      .makes = [](const Params& params) { return Columns{params.string("column")}; }});
}

}  // namespace klein
