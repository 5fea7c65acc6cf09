#pragma once
// A source of a few rows in memory, for tests of plans: it takes everything that rules may give a source.

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "op/json_rows.h"
#include "op/registry.h"

namespace klein {

namespace fake {

/// 40 rows: `a` counts from 0, `b` goes round, `c` is text, `l` a list.
inline Batch made_table() {
  std::string rows;
  for (int i = 0; i < 40; ++i) {
    const auto number = std::to_string(i), list = std::to_string(i * 2);
    rows += (rows.empty() ? "[" : ",") + std::string("{\"a\":") + number + ",\"b\":" + std::to_string(i % 7 - 2) +
            ",\"c\":\"" + std::string(1, static_cast<char>('p' + i % 5)) +
            "\",\"l\":" + (i % 3 == 0 ? "[]" : "[" + number + "," + list + "]") + "}";
  }
  return *rows_from_json(rows + "]", "a: int64, b: int64, c: string, l: list of int64");
}

inline const Batch& table() {
  static const Batch made = made_table();
  return made;
}

class OneBatch final : public SplitReader {
 public:
  explicit OneBatch(Batch batch) : batch_(std::move(batch)) {}
  Result<Pulled> pull(const Context&) override {
    if (done_ || batch_.rows() == 0) return Pulled{};
    done_ = true;
    return Pulled{Pulled::What::rows, batch_, "1"};
  }

 private:
  const Batch batch_;
  bool done_ = false;
};

/// The table's rows as "columns", "filter" and "limit" say.
class Rows final : public Source {
 public:
  Rows(Params params, Schema schema, std::int64_t splits, bool bounded = true)
      : params_(std::move(params)), schema_(std::move(schema)), splits_(splits), bounded_(bounded) {}

  static Result<std::unique_ptr<Source>> make(const Params& params) {
    const auto none = KLEIN_TRY(columns_of(table().slice(0, 0), params));
    return std::make_unique<Rows>(params, none.schema(), params.int64("splits"));
  }

  bool bounded() const override { return bounded_; }
  Schema schema() const override { return schema_; }
  Result<std::vector<Split>> splits() const override { return std::vector<Split>(static_cast<std::size_t>(splits_)); }
  Result<std::unique_ptr<SplitReader>> open(const Split&, ReadSize) const override {
    auto rows = table();
    if (params_.values().empty()) return std::make_unique<OneBatch>(rows);
    if (!params_.is_null("filter")) {
      const auto bound = KLEIN_TRY(BoundExpression::make(*params_.expression("filter"), rows.schema()));
      const auto mask = KLEIN_TRY(bound.evaluate(rows));
      rows = KLEIN_TRY(rows.keep(static_cast<const arrow::BooleanArray&>(*mask)));
    }
    if (!params_.is_null("limit")) rows = rows.slice(0, std::min(rows.rows(), params_.int64("limit")));
    return std::make_unique<OneBatch>(KLEIN_TRY(columns_of(rows, params_)));
  }

 private:
  static Result<Batch> columns_of(const Batch& rows, const Params& params) {
    if (params.is_null("columns")) return rows;
    std::vector<int> places;
    for (const auto& column : params.strings("columns")) places.push_back(KLEIN_TRY(rows.schema().index(column)));
    return rows.with(KLEIN_ARROW(rows.columns()->SelectColumns(places)));
  }

  const Params params_;
  const Schema schema_;
  const std::int64_t splits_;
  const bool bounded_;
};

}  // namespace fake

}  // namespace klein
