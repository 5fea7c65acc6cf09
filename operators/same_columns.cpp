#include "operators/same_columns.h"

namespace klein {

namespace {

Result<> agree(const Schema& first, const Schema& other) {
  if (first == other) return {};
  return Error(Code::invalid, "its inputs must have the same columns, in the same order: one has (" + first.text() +
                                  "), another (" + other.text() + "); use select or with_columns before it");
}

}  // namespace

Result<std::optional<Schema>> same_columns(const Schemas& inputs) {
  std::optional<Schema> first;
  bool known = true;
  for (const auto& input : inputs) {
    known = known && input;
    if (!input) continue;
    if (!first) first = input;
    KLEIN_TRY(agree(*first, *input));
  }
  return known ? first : std::nullopt;
}

Result<> SameColumns::check(const Batch& batch) {
  KLEIN_TRY(seen_.get(batch, [this](const Schema& schema) -> Result<Schema> {
    if (!schema_) schema_ = schema;
    KLEIN_TRY(agree(*schema_, schema));
    return schema;
  }));
  return {};
}

}  // namespace klein
