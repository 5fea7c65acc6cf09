#include "op/dead_letter.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "op/json_rows.h"

namespace klein {
namespace {

struct DeadLetter : testing::Test {
  std::int64_t failed = 0;
  Context context{.step = "decode", .clock = nullptr, .waker = {}, .rows_failed = &failed};
  Output out;
  Batch batch = *rows_from_json(R"([{"id": 1}, {"id": 2}, {"id": 3}])");
  std::vector<Failure> failures = {{2, Error(Code::corrupt, "not a picture")}};
};

TEST_F(DeadLetter, RaiseNamesTheRow) {
  const auto result = give_up(batch, failures, OnError::raise, context, out);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().text(), "row 2: not a picture");
}

TEST_F(DeadLetter, SkipCountsAndEmitsNothing) {
  ASSERT_TRUE(give_up(batch, failures, OnError::skip, context, out).ok());
  EXPECT_EQ(failed, 1);
  EXPECT_TRUE(out.emitted().empty());
}

TEST_F(DeadLetter, ALetterHasTheRowAndWhatWentWrong) {
  ASSERT_TRUE(give_up(batch, failures, OnError::dead_letter, context, out).ok());
  EXPECT_EQ(failed, 1);
  const auto& [port, letters] = out.emitted().at(0);
  EXPECT_EQ(port, Port::errors);
  EXPECT_EQ(letters.schema(), dead_letter_schema(batch.schema()));
  EXPECT_EQ(join(*rows_to_json({letters})),
            R"({"id":3,"error":"not a picture","error_code":"corrupt","error_step":"decode","error_row":"2"})");
}

TEST_F(DeadLetter, ALetterThatFailsAgainHasItsLastErrorOnly) {
  ASSERT_TRUE(give_up(batch, failures, OnError::dead_letter, context, out).ok());
  const auto letters = out.emitted().at(0).second;
  ASSERT_TRUE(give_up(letters, {{0, Error(Code::user, "again")}}, OnError::dead_letter, context, out).ok());
  EXPECT_EQ(out.emitted().at(1).second.schema(), letters.schema());
}

}  // namespace
}  // namespace klein
