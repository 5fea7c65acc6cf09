#include "operators/sort_key.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <bit>
#include <cmath>

#include "operators/accumulator_values.h"

namespace klein {

namespace {

constexpr char a_value = 0, not_a_number = 1, no_value = 2;
constexpr std::uint64_t sign = 1ULL << 63U;

void append(std::uint64_t number, std::string& key) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> static_cast<unsigned>(shift)));
}

std::uint64_t ordered(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);  // -0.0 is 0.0
  return bits & sign ? ~bits : bits | sign;
}

/// A zero in it is followed by 255, the end by 0: a text comes before those that it begins.
void append(std::string_view text, std::string& key) {
  for (const char each : text) {
    key.push_back(each);
    if (each == 0) key.push_back('\xff');
  }
  key.append(2, '\0');
}

void append_value(const arrow::Array& values, std::int64_t row, std::string& key) {
  switch (values.type_id()) {
    case arrow::Type::INT64:
      append(static_cast<std::uint64_t>(static_cast<const arrow::Int64Array&>(values).Value(row)) ^ sign, key);
      break;
    case arrow::Type::UINT64: append(static_cast<const arrow::UInt64Array&>(values).Value(row), key); break;
    case arrow::Type::DOUBLE: append(ordered(static_cast<const arrow::DoubleArray&>(values).Value(row)), key); break;
    default: append(static_cast<const arrow::BinaryArray&>(values).GetView(row), key);
  }
}

bool is_not_a_number(const arrow::Array& values, std::int64_t row) {
  return values.type_id() == arrow::Type::DOUBLE &&
         std::isnan(static_cast<const arrow::DoubleArray&>(values).Value(row));
}

}  // namespace

Result<SortKey> SortKey::make(const Schema& schema, const std::vector<std::string>& columns, bool descending) {
  for (const auto& column : columns) {
    const auto type = KLEIN_TRY(schema.type(column));
    if (!gathered_as(*type))
      return Error(Code::invalid, "rows can't be put in the order of '" + column + "', which is " + text(*type));
  }
  SortKey made;
  made.columns_ = columns;
  made.descending_ = descending;
  return made;
}

Result<std::vector<std::string>> SortKey::encode(const Batch& batch) const {
  std::vector<std::string> keys(static_cast<std::size_t>(batch.rows()));
  for (const auto& column : columns_) {
    const auto type = gathered_as(*KLEIN_TRY(batch.schema().type(column)));
    if (!type) return Error(Code::invalid, "rows can't be put in the order of '" + column + "'");
    const auto values = KLEIN_TRY(gathered(batch, column, type));
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      auto& key = keys[static_cast<std::size_t>(row)];
      const bool null = values->IsNull(row), number = null || !is_not_a_number(*values, row);
      key.push_back(null ? no_value : number ? a_value : not_a_number);
      const auto begin = key.size();
      if (!null && number) append_value(*values, row, key);
      for (auto at = begin; descending_ && at < key.size(); ++at) key[at] = static_cast<char>(~key[at]);
    }
  }
  return keys;
}

}  // namespace klein
