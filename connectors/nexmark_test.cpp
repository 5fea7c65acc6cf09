#include <arrow/array.h>
#include <arrow/scalar.h>

#include <map>

#include "connectors/nexmark_events.h"
#include "connectors/source_suite.h"

namespace klein {
void register_nexmark(Registry& registry);
namespace {

std::unique_ptr<Source> nexmark(const Value::Map& given) {
  auto source = make_source(register_nexmark, "nexmark", given);
  EXPECT_TRUE(source.ok()) << source.error().text();
  return *std::move(source);
}

/// The event's numbers of all rows, and the texts of their other columns.
std::map<std::string, std::string> by_event(const Source& source) {
  const auto table = *read_all(source)->CombineChunks();
  std::map<std::string, std::string> rows;
  for (std::int64_t row = 0; row < table->num_rows(); ++row) {
    std::string all;
    for (const auto& column : table->columns()) all += (*column->GetScalar(row))->ToString() + "|";
    EXPECT_TRUE(rows.emplace((*table->column(0)->GetScalar(row))->ToString(), all).second);
  }
  return rows;
}

std::string refusal(const Value::Map& given) {
  const auto source = make_source(register_nexmark, "nexmark", given);
  return source.ok() ? "" : source.error().text();
}

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

TEST(nexmark, of_fifty_events_the_first_is_a_person_three_are_auctions_and_the_others_bids) {
  std::map<std::int64_t, int> seen;
  for (const auto kind : {NexmarkKind::person, NexmarkKind::auction, NexmarkKind::bid}) {
    for (std::int64_t events = 0; events < 151; ++events) {
      const auto rows = nexmark_rows(kind, events);
      if (rows > 0) EXPECT_LT(nexmark_event(kind, rows - 1), events);
      EXPECT_GE(nexmark_event(kind, rows), events);
    }
    for (std::int64_t row = 0; row < nexmark_rows(kind, 100); ++row) ++seen[nexmark_event(kind, row)];
  }
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_EQ(nexmark_rows(NexmarkKind::bid, 100), 92);
}

TEST(nexmark, gives_the_same_events_however_many_splits_there_are) {
  for (const auto* kind : {"person", "auction", "bid"}) {
    const auto rows = by_event(*nexmark({{"kind", kind}, {"events", 1000}, {"seed", 3}}));
    for (const std::int64_t splits : {1, 2, 3, 7}) {
      const auto source = nexmark({{"kind", kind}, {"events", 1000}, {"seed", 3}, {"splits", splits}});
      EXPECT_EQ(source->splits()->size(), static_cast<std::size_t>(splits));
      EXPECT_EQ(by_event(*source), rows) << kind << " in " << splits;
    }
    EXPECT_NE(by_event(*nexmark({{"kind", kind}, {"events", 1000}, {"seed", 4}})), rows);
  }
}

TEST(nexmark, goes_on_from_any_position) {
  for (const auto* kind : {"person", "auction", "bid"}) {
    expect_resumable(*nexmark({{"kind", kind}, {"events", 400}}));
    expect_resumable(*nexmark({{"kind", kind}, {"events", 400}, {"splits", 3}, {"out_of_order", 10}}));
  }
}

TEST(nexmark, makes_a_column_alone_as_it_makes_it_among_others) {
  const auto all = read_all(*nexmark({{"kind", "bid"}, {"events", 500}}));
  for (const auto& name : all->ColumnNames()) {
    const auto alone = read_all(*nexmark({{"kind", "bid"}, {"events", 500}, {"columns", name}}));
    EXPECT_TRUE(alone->column(0)->Equals(*all->GetColumnByName(name))) << name;
  }
}

TEST(nexmark, is_bounded_by_its_events_alone) {
  EXPECT_TRUE(nexmark({{"kind", "bid"}, {"events", 1}})->bounded());
  EXPECT_FALSE(nexmark({{"kind", "bid"}})->bounded());
  EXPECT_TRUE(nexmark({{"kind", "bid"}, {"events", 4}})->splits()->empty());  // all four are others
}

TEST(nexmark, at_a_rate_gives_what_the_clock_has_brought_of_all_events_and_asks_to_be_woken_for_the_next) {
  const auto source = nexmark({{"kind", "auction"}, {"rate", 10}, {"events", 60}});
  ManualClock clock;
  ManualTimers timers;
  Context context;
  context.clock = &clock;
  context.timers = &timers;
  auto reader = *source->open(source->splits()->front(), {});
  EXPECT_EQ(reader->pull(context)->what, Pulled::What::nothing_yet);
  EXPECT_EQ(timers.asked, (std::vector<std::int64_t>{5'200'000'000}));  // the second event
  clock.time = 5'300'000'000;
  EXPECT_EQ(reader->pull(context)->batch->rows(), 2);
  EXPECT_EQ(reader->pull(context)->what, Pulled::What::nothing_yet);
  EXPECT_EQ(timers.asked.back(), 5'400'000'000);
  clock.time = 90'000'000'000;
  EXPECT_EQ(reader->pull(context)->batch->rows(), 4);  // the fourth of the first fifty, three of the next
  EXPECT_EQ(reader->pull(context)->what, Pulled::What::end);
}

TEST(nexmark, what_has_no_meaning_is_refused_with_what_was_meant) {
  EXPECT_NE(refusal({{"kind", "bid"}, {"events", -1}}).find("a number, not negative: -1"), std::string::npos);
  EXPECT_NE(refusal({{"kind", "bid"}, {"rate", 0}}).find("events a second, above 0"), std::string::npos);
  EXPECT_NE(refusal({{"kind", "bid"}, {"splits", 0}}).find("a number from 1 to 1024: 0"), std::string::npos);
  EXPECT_NE(refusal({{"kind", "bid"}, {"per_second", 0}}).find("1 to 1e9: 0"), std::string::npos);
  EXPECT_NE(refusal({{"kind", "bid"}, {"out_of_order", 0}}).find("1 to 1e6: 0"), std::string::npos);
  EXPECT_NE(refusal({{"kind", "bid"}, {"columns", "prize"}}).find("price"), std::string::npos);
}

}  // namespace
}  // namespace klein
