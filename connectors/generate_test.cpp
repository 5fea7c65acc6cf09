#include "connectors/source_suite.h"

namespace klein {
void register_generate(Registry& registry);
namespace {

class ManualClock final : public Clock {
 public:
  std::int64_t now() const override { return time; }
  std::int64_t time = 5'000'000'000;
};

class ManualTimers final : public Timers {
 public:
  void wake_at(std::int64_t time, Waker) override { asked.push_back(time); }
  std::vector<std::int64_t> asked;
};

std::unique_ptr<Source> generate(const Value::Map& given) {
  auto source = make_source(register_generate, "generate", given);
  EXPECT_TRUE(source.ok()) << source.error().text();
  return *std::move(source);
}

TEST(generate, gives_the_same_rows_for_a_seed_and_others_for_another) {
  const auto rows = read_all(*generate({{"count", 50}, {"seed", 7}}));
  EXPECT_TRUE(rows->Equals(*read_all(*generate({{"count", 50}, {"seed", 7}}))));
  EXPECT_FALSE(rows->Equals(*read_all(*generate({{"count", 50}, {"seed", 8}}))));
  EXPECT_EQ(rows->num_rows(), 50);
}

TEST(generate, goes_on_from_any_position) { expect_resumable(*generate({{"count", 10}, {"seed", 3}})); }

TEST(generate, is_bounded_by_its_count_alone) {
  EXPECT_TRUE(generate({{"count", 1}})->bounded());
  EXPECT_FALSE(generate({})->bounded());
  EXPECT_FALSE(generate({{"rate", 10}})->bounded());
}

TEST(generate, at_a_rate_gives_what_the_clock_has_brought_and_asks_to_be_woken_for_the_next) {
  const auto source = generate({{"rate", 10}, {"count", 4}});
  ManualClock clock;
  ManualTimers timers;
  Context context;
  context.clock = &clock;
  context.timers = &timers;
  auto reader = *source->open(source->splits()->front(), {});
  EXPECT_EQ(reader->pull(context)->what, Pulled::What::nothing_yet);
  EXPECT_EQ(timers.asked, (std::vector<std::int64_t>{5'100'000'000}));
  clock.time = 5'100'000'000;
  EXPECT_EQ(reader->pull(context)->batch->rows(), 1);
  EXPECT_EQ(reader->pull(context)->what, Pulled::What::nothing_yet);
  EXPECT_EQ(timers.asked.back(), 5'200'000'000);
  clock.time = 9'000'000'000;  // late: all that is left has come
  EXPECT_EQ(reader->pull(context)->batch->rows(), 3);
  EXPECT_EQ(reader->pull(context)->what, Pulled::What::end);
}

TEST(generate, refuses_a_rate_or_a_count_without_meaning) {
  EXPECT_FALSE(make_source(register_generate, "generate", {{"rate", 0}}).ok());
  EXPECT_FALSE(make_source(register_generate, "generate", {{"count", -1}}).ok());
}

}  // namespace
}  // namespace klein
