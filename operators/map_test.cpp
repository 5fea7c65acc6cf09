// map, and by it the step that all kinds with a user's function share: whatever fails, every other row comes through.

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <set>

#include "function_test.h"

namespace klein {

void register_map(Registry& registry);

namespace {

std::int64_t value(const Batch& batch, std::int64_t row) {
  return static_cast<const arrow::Int64Array&>(*batch.columns()->column(0)).Value(row);
}

/// Fails where a batch holds one of `poison`; counts its calls.
Call fails_on(const std::set<std::int64_t>& poison, int& calls, bool names_row) {
  return [=, &calls](const Batch& batch) -> Result<std::vector<Batch>> {
    ++calls;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (!poison.contains(value(batch, row))) continue;
      const Error error(Code::user, "bad value " + std::to_string(value(batch, row)));
      return names_row ? Error(error).at_row(batch.row_id(row)) : error;
    }
    return std::vector<Batch>{batch};
  };
}

Batch numbers(int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) rows += (i ? "," : "[") + std::to_string(i);
  return *rows_from_json(rows + "]");
}

Result<OperatorRun> run_map(Call call, const std::string& on_error, const std::vector<Batch>& input,
                            std::int64_t batch_rows = 0) {
  const auto function = function_value(std::move(call), batch_rows);
  return run_operator(kind_from(register_map), {{"fn", function}, {"on_error", on_error}}, {input});
}

std::int64_t rows_in(const std::vector<Batch>& batches) {
  std::int64_t rows = 0;
  for (const auto& batch : batches) rows += batch.rows();
  return rows;
}

TEST(Map, SkipsOnlyTheRowsThatFail) {
  int calls = 0;
  const auto ran = *run_map(fails_on({3, 900}, calls, false), "skip", {numbers(1024)});
  EXPECT_EQ(rows_in(ran.rows), 1022);
  EXPECT_EQ(ran.rows_failed, 2);
  EXPECT_LE(calls, 1 + 2 * 2 * 10);
}

TEST(Map, KeepsTheOrderOfTheRowsAroundAFailure) {
  int calls = 0;
  const auto ran = *run_map(fails_on({2}, calls, false), "skip", {numbers(6)});
  EXPECT_EQ(join(*rows_to_json(ran.rows), " "), "0 1 3 4 5");
}

TEST(Map, DoesNotSearchForARowThatTheErrorNames) {
  int calls = 0;
  const auto ran = *run_map(fails_on({500}, calls, true), "skip", {numbers(1024)});
  EXPECT_EQ(rows_in(ran.rows), 1023);
  EXPECT_EQ(calls, 3);
}

TEST(Map, RaisesTheFirstRowThatFailsAndNamesIt) {
  int calls = 0;
  const auto ran = run_map(fails_on({700, 900}, calls, false), "raise", {numbers(1024)});
  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.error().text(), "row 700: bad value 700");
}

TEST(Map, RaisesWithoutARowWhereNoneFailsAlone) {
  const auto together = [](const Batch& batch) -> Result<std::vector<Batch>> {
    if (batch.rows() > 3) return Error(Code::user, "too many");
    return std::vector<Batch>{batch};
  };
  const auto ran = run_map(together, "raise", {numbers(8)});
  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.error().text(), "too many");
}

TEST(Map, BlamesNoRowForWhatIsNotItsFault) {
  int calls = 0;
  const auto gone = [&](const Batch&) -> Result<std::vector<Batch>> {
    ++calls;
    return Error(Code::unavailable, "the worker is gone");
  };
  EXPECT_FALSE(run_map(gone, "skip", {numbers(8)}).ok());
  EXPECT_EQ(calls, 1);
}

TEST(Map, SendsDeadLettersWithTheirErrors) {
  int calls = 0;
  const auto ran = *run_map(fails_on({1}, calls, true), "dead_letter", {numbers(3)});
  EXPECT_EQ(join(*rows_to_json(ran.errors), " "),
            R"({"value":1,"error":"bad value 1","error_code":"user","error_step":"map","error_row":"1"})");
}

TEST(Map, CallsWithAtMostTheRowsThatTheFunctionLikes) {
  std::int64_t largest = 0;
  const auto measure = [&](const Batch& batch) -> Result<std::vector<Batch>> {
    largest = std::max(largest, batch.rows());
    return std::vector<Batch>{batch};
  };
  EXPECT_EQ(rows_in(run_map(measure, "raise", {numbers(10)}, 4)->rows), 10);
  EXPECT_EQ(largest, 4);
}

TEST(Map, HoldsTheFunctionToItsFirstSchema) {
  const auto same = [](const Batch& batch) -> Result<std::vector<Batch>> { return std::vector<Batch>{batch}; };
  const auto ran = run_map(same, "raise", {*rows_from_json("[1]"), *rows_from_json("[\"a\"]")});
  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.error().message(),
            "the function returned columns (value: string), but its first output had (value: int64); return the same "
            "columns every time, or declare a schema");
}

TEST(Map, AColumnOfNothingTakesTheTypeItHadBefore) {
  const auto same = [](const Batch& batch) -> Result<std::vector<Batch>> { return std::vector<Batch>{batch}; };
  const auto ran = *run_map(same, "raise", {*rows_from_json("[1]"), *rows_from_json("[null]")});
  EXPECT_EQ(ran.rows[1].schema(), ran.rows[0].schema());
}

TEST(Map, TakesInTheNextMapThatDealsWithErrorsAlike) {
  const auto kind = kind_from(register_map);
  int calls = 0;
  const auto function = function_value(fails_on({}, calls, false));
  const auto raise = *Params::make(kind.params, {{"fn", function}});
  const auto skip = *Params::make(kind.params, {{"fn", function}, {"on_error", "skip"}});
  EXPECT_FALSE(kind.merge(raise, "map", skip));
  const auto both = *kind.merge(raise, "map", raise);
  ASSERT_TRUE(run_operator(kind, both.values(), {{numbers(2)}}).ok());
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace klein
