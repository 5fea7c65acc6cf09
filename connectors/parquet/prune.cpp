#include "connectors/parquet/prune.h"

#include <arrow/compute/cast.h>
#include <arrow/scalar.h>
#include <arrow/type_traits.h>
#include <parquet/arrow/reader.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "data/schema.h"

namespace klein {

namespace compute = arrow::compute;

namespace {

bool is_nan(const arrow::Scalar& scalar) {
  if (scalar.type->id() == arrow::Type::DOUBLE)
    return std::isnan(static_cast<const arrow::DoubleScalar&>(scalar).value);
  if (scalar.type->id() == arrow::Type::FLOAT) return std::isnan(static_cast<const arrow::FloatScalar&>(scalar).value);
  return false;
}

/// True where a filter made of these is never true for a NaN, which statistics say nothing of.
bool false_for_nan(const compute::Expression& filter) {
  static constexpr std::array<std::string_view, 9> functions = {
      "and", "and_kleene", "or", "or_kleene", "equal", "less", "less_equal", "greater", "greater_equal"};
  const auto* call = filter.call();
  if (!call) return true;
  return std::find(functions.begin(), functions.end(), call->function_name) != functions.end() &&
         std::all_of(call->arguments.begin(), call->arguments.end(), false_for_nan);
}

/// The scalar as the column's type, or null where it has no exact form there.
std::shared_ptr<arrow::Scalar> cast(const std::shared_ptr<arrow::Scalar>& scalar,
                                    const std::shared_ptr<arrow::DataType>& type) {
  if (scalar->type->Equals(*type)) return scalar;
  const auto made = compute::Cast(arrow::Datum(scalar), type);
  return made.ok() ? made->scalar() : nullptr;
}

/// What statistics promise of a column, as an expression; nothing where they promise nothing.
std::optional<compute::Expression> promise(const arrow::Field& field, const parquet::Statistics& statistics) {
  const auto column = compute::field_ref(field.name());
  if (statistics.num_values() == 0) return compute::is_null(column);
  if (!statistics.HasMinMax()) return std::nullopt;
  std::shared_ptr<arrow::Scalar> low, high;
  if (!parquet::arrow::StatisticsAsScalars(statistics, &low, &high).ok()) return std::nullopt;
  low = cast(low, field.type());
  high = cast(high, field.type());
  if (!low || !high || is_nan(*low) || is_nan(*high)) return std::nullopt;
  const bool no_nulls = statistics.HasNullCount() && statistics.null_count() == 0;
  // The form in which a promise is understood: a conjunction, of bounds that a null may escape.
  const auto bound = [&](compute::Expression holds) {
    return no_nulls ? holds : compute::or_(std::move(holds), compute::is_null(column));
  };
  return compute::and_(bound(compute::greater_equal(column, compute::literal(low))),
                       bound(compute::less_equal(column, compute::literal(high))));
}

Result<bool> judge(const compute::Expression& filter, const parquet::RowGroupMetaData& group,
                   const parquet::arrow::SchemaManifest& manifest) {
  std::vector<compute::Expression> promises;
  const bool floats_too = false_for_nan(filter);
  for (const auto& reference : compute::FieldsInExpression(filter)) {
    for (const auto& field : manifest.schema_fields) {
      if (!reference.name() || *reference.name() != field.field->name() || !field.is_leaf()) continue;
      if (!floats_too && arrow::is_floating(field.field->type()->id())) continue;
      const auto statistics = group.ColumnChunk(field.column_index)->statistics();
      if (!statistics) continue;
      if (auto known = promise(*field.field, *statistics)) promises.push_back(*std::move(known));
    }
  }
  if (promises.empty()) return true;
  return KLEIN_ARROW(compute::SimplifyWithGuarantee(filter, compute::and_(promises))).IsSatisfiable();
}

}  // namespace

Result<bool> may_satisfy(const compute::Expression& filter, const parquet::RowGroupMetaData& group,
                         const parquet::arrow::SchemaManifest& manifest) {
  try {
    return judge(filter, group, manifest);
  } catch (const std::exception&) {
    return true;  // statistics that can't be read promise nothing
  }
}

}  // namespace klein
