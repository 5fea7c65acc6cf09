#pragma once
// Kinds for tests of plans, beside the real operators: sources that take everything the rules may give, or nothing; a
// slow step with dead letters and one that joins it; sinks. All of them work on a few rows in memory.

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "op/dead_letter.h"
#include "plan/fake_table_test.h"

namespace klein {

void register_operators(Registry& registry);

namespace fake {

/// `into` = `column` * `by`; a negative value fails.
class Decode final : public Operator {
 public:
  explicit Decode(const Params& params)
      : column_(params.string("column")),
        into_(params.string("into")),
        by_(params.int64("by")),
        mode_(on_error(params)) {}
  Result<> open(const Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> process(int, Batch batch, Output& out) override {
    const auto place = KLEIN_TRY(batch.schema().index(column_));
    const auto& numbers = static_cast<const arrow::Int64Array&>(*batch.columns()->column(place));
    arrow::Int64Builder made;
    std::vector<Failure> failures;
    std::vector<std::int64_t> kept;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (numbers.Value(row) < 0) {
        failures.push_back({row, Error(Code::invalid, "negative")});
      } else {
        kept.push_back(row);
        KLEIN_ARROW_OK(made.Append(numbers.Value(row) * by_));
      }
    }
    const auto rest = KLEIN_TRY(batch.pick(kept)).columns();
    const auto column = KLEIN_ARROW(made.Finish());
    const auto known = rest->schema()->GetFieldIndex(into_);
    const auto columns = known < 0 ? KLEIN_ARROW(rest->AddColumn(rest->num_columns(), into_, column))
                                   : KLEIN_ARROW(rest->SetColumn(known, arrow::field(into_, arrow::int64()), column));
    out.emit(batch.derive(columns, kept));
    KLEIN_TRY(give_up(batch, failures, mode_, *context_, out));
    return Progress::done;
  }

 private:
  const std::string column_, into_;
  const std::int64_t by_;
  const OnError mode_;
  const Context* context_ = nullptr;
};

inline Result<std::optional<Schema>> decoded_schema(const Params& params, const Schemas& inputs) {
  if (!inputs.front()) return std::optional<Schema>();
  KLEIN_TRY(inputs.front()->index(params.string("column")));
  auto fields = inputs.front()->arrow()->fields();
  const auto known = inputs.front()->arrow()->GetFieldIndex(params.string("into"));
  const auto field = arrow::field(params.string("into"), arrow::int64());
  if (known < 0) {
    fields.push_back(field);
  } else {
    fields[static_cast<std::size_t>(known)] = field;
  }
  return std::optional(Schema(arrow::schema(fields)));
}

inline OperatorKind slow_kind(const std::string& name, std::int64_t batch_rows) {
  return {
      .name = name,
      .doc = "For tests.",
      .params = {{.name = "column", .type = ParamType::string, .doc = ""},
                 {.name = "into", .type = ParamType::string, .doc = ""},
                 {.name = "by", .type = ParamType::int64, .doc = "", .fallback = 10},
                 on_error_param()},
      .slow = true,
      .batch_rows = batch_rows,
      .ports = {Port::main, Port::errors},
      .schema = decoded_schema,
      .make = [](const Params& params, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Decode>(params);
      },
      .one_to_one = [](const Params& params) { return on_error(params) == OnError::raise; },
      .required =
          [](const Params& params, const Columns& wanted) {
            auto needed = wanted;
            needed.erase(params.string("into"));
            needed.insert(params.string("column"));
            return needed;
          },
      .makes = [](const Params& params) { return Columns{params.string("into")}; }};
}

/// decode, then resize of what it made into itself, is one decode.
inline std::optional<Params> decode_resized(const Params& params, const std::string& next_kind, const Params& next) {
  const auto into = params.string("into");
  const bool same = next_kind == "resize" && next.string("column") == into && next.string("into") == into &&
                    on_error(params) == on_error(next) && params.int64("by") >= 0 && params.string("column") != into;
  return same ? std::optional(params.with("by", params.int64("by") * next.int64("by"))) : std::nullopt;
}

class Same final : public Operator {
 public:
  Result<Progress> process(int, Batch batch, Output& out) override {
    out.emit(std::move(batch));
    return Progress::done;
  }
};

/// Says nothing of itself, as a user's function does.
inline OperatorKind opaque_kind() {
  return {
      .name = "opaque",
      .doc = "For tests.",
      .slow = true,
      .schema = [](const Params&, const Schemas&) -> Result<std::optional<Schema>> { return std::optional<Schema>(); },
      .make = [](const Params&, const Schemas&) -> Result<std::unique_ptr<Operator>> {
        return std::make_unique<Same>();
      }};
}

inline SourceKind table_kind() {
  return {.name = "read_table",
          .doc = "For tests.",
          .params = {{.name = "columns", .type = ParamType::strings, .doc = "", .fallback = Value()},
                     {.name = "filter", .type = ParamType::expression, .doc = "", .fallback = Value()},
                     {.name = "limit", .type = ParamType::int64, .doc = "", .fallback = Value()},
                     {.name = "splits", .type = ParamType::int64, .doc = "", .fallback = 1}},
          .make = Rows::make};
}

inline SinkKind sink_kind(const std::string& name, int max_parallelism) {
  return {.name = name,
          .doc = "For tests.",
          .params = {{.name = "path", .type = ParamType::string, .doc = "", .fallback = ""}},
          .max_parallelism = max_parallelism,
          .make = [](const Params&) -> Result<std::unique_ptr<Sink>> { return Error(Code::internal, "only planned"); }};
}

}  // namespace fake

/// The real operators, and read_table, memory (takes nothing), poll (never ends), decode, resize, opaque, write,
/// append.
inline const Registry& fake_kinds() {
  static const Registry made = [] {
    Registry registry;
    register_operators(registry);
    registry.add(fake::table_kind());
    registry.add(SourceKind{
        .name = "memory", .doc = "For tests.", .make = [](const Params&) -> Result<std::unique_ptr<Source>> {
          return std::make_unique<fake::Rows>(Params(), fake::table().schema(), 1);
        }});
    registry.add(SourceKind{
        .name = "poll", .doc = "For tests.", .make = [](const Params&) -> Result<std::unique_ptr<Source>> {
          return std::make_unique<fake::Rows>(Params(), fake::table().schema(), 2, false);
        }});
    auto decode = fake::slow_kind("decode", 32);
    decode.merge = fake::decode_resized;
    registry.add(std::move(decode));
    registry.add(fake::slow_kind("resize", 0));
    registry.add(fake::opaque_kind());
    registry.add(fake::sink_kind("write", 0));
    registry.add(fake::sink_kind("append", 1));
    return registry;
  }();
  return made;
}

}  // namespace klein
