#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "streamed_test.h"

namespace klein {

void register_interval_join(Registry&);

namespace {

Streamed joining(const std::string& how, const std::string& within = R"(["-5s", "2s"])") {
  return {register_interval_join,
          R"({"on": "k", "time": "at", "right_time": "t", "how": ")" + how + R"(", "within": )" + within + "}",
          {"k: string, at: int64", "k: string, t: int64"}};
}

std::string left(std::int64_t at, const std::string& key = "a") {
  return R"([{"k": ")" + key + R"(", "at": )" + std::to_string(at) + "}]";
}
std::string right(std::int64_t at, const std::string& key = "a") {
  return R"([{"k": ")" + key + R"(", "t": )" + std::to_string(at) + "}]";
}
std::string row(std::int64_t at, std::int64_t partner) {
  return R"({"k":"a","at":)" + std::to_string(at) + R"(,"t":)" + std::to_string(partner) + "}";
}

TEST(IntervalJoin, whichever_of_two_partners_comes_later_gives_the_pair_and_the_bounds_are_included) {
  auto step = joining("inner");
  EXPECT_EQ(step.rows_at(0, left(10'000)), "");
  EXPECT_EQ(step.rows_at(1, right(4'999)), "");
  EXPECT_EQ(step.rows_at(1, right(5'000)), row(10'000, 5'000));
  EXPECT_EQ(step.rows_at(1, right(12'000)), row(10'000, 12'000));
  EXPECT_EQ(step.rows_at(1, right(12'001)), "");
  EXPECT_EQ(step.rows_at(1, right(10'000, "b")), "");
  EXPECT_EQ(step.rows_at(0, left(14'000)), row(14'000, 12'000) + " " + row(14'000, 12'001));
}

TEST(IntervalJoin, a_row_that_time_has_passed_leaves_by_the_late_port_with_nothing_of_the_other_side) {
  auto step = joining("inner");
  step.rows_at(0, left(10'000));
  step.time(11'000);
  EXPECT_EQ(step.rows_at(1, right(10'999)), R"(late {"k":"a","at":null,"t":10999})");
  EXPECT_EQ(step.rows_at(0, left(10'999)), R"(late {"k":"a","at":10999,"t":null})");
  EXPECT_EQ(step.rows_at(1, right(11'000)), row(10'000, 11'000));
}

TEST(IntervalJoin, a_row_without_a_partner_leaves_alone_once_none_can_come_any_more) {
  auto step = joining("full");
  step.rows_at(0, left(10'000));
  step.rows_at(1, right(10'000, "b"));
  EXPECT_EQ(step.time(12'000), "time 7000");
  EXPECT_EQ(step.time(12'001), R"({"k":"a","at":10000,"t":null} time 7001)");
  EXPECT_EQ(step.time(15'000), "time 10000");
  EXPECT_EQ(step.time(15'001), R"({"k":"b","at":null,"t":10000} time 10001)");
  EXPECT_EQ(step.end(), "");
}

TEST(IntervalJoin, its_time_is_behind_its_input_s_by_how_far_apart_partners_may_be) {
  EXPECT_EQ(joining("inner", R"(["-1s", "3s"])").time(10'000), "time 7000");
  EXPECT_EQ(joining("inner", R"(["-4s", "3s"])").time(10'000), "time 6000");
  EXPECT_EQ(joining("inner", R"(["0s", "0s"])").time(10'000), "time 10000");
}

TEST(IntervalJoin, a_null_key_has_no_partner) {
  auto step = joining("full");
  step.rows_at(0, R"([{"k": null, "at": 0}])");
  EXPECT_EQ(step.rows_at(1, R"([{"k": null, "t": 0}])"), "");
  EXPECT_EQ(step.end(), R"({"k":null,"at":0,"t":null} {"k":null,"at":null,"t":0})");
}

TEST(IntervalJoin, what_it_keeps_is_bounded_by_time_and_not_by_how_much_came) {
  auto step = joining("inner", R"(["-10ms", "10ms"])");
  std::int64_t kept = 0;
  for (std::int64_t at = 0; at < 20'000; ++at) {
    step.rows_at(0, left(at));
    step.rows_at(1, right(at + 5, "b"));
    step.time(at);
    if (at % 1000 != 999) continue;
    kept = 0;
    for (const auto& [name, rows] : step.snapshot().tables) {
      for (const auto& batch : rows) kept += name == "fired" ? 0 : batch.rows();
    }
    EXPECT_LT(kept, 30) << "at " << at;
  }
  EXPECT_GT(kept, 10);
}

TEST(IntervalJoin, what_was_late_before_a_restart_is_late_after_it_and_no_pair_is_given_twice) {
  auto before = joining("full"), after = joining("full");
  before.rows_at(0, left(10'000));
  before.rows_at(1, right(10'000));
  before.rows_at(0, left(14'000));
  before.time(13'000);
  after.restore(before.snapshot());
  EXPECT_EQ(after.rows_at(1, right(12'999)), R"(late {"k":"a","at":null,"t":12999})");
  EXPECT_EQ(after.rows_at(1, right(13'000)), row(14'000, 13'000));
  EXPECT_EQ(after.end(), "");
}

TEST(IntervalJoin, what_can_t_be_is_said) {
  const auto kind = kind_from(register_interval_join);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"on": "k", "within": ["2s", "-5s"], "time": "at", "right_time": "t"})", "from the earliest to the latest"},
      {R"({"on": "k", "within": ["2s"], "time": "at", "right_time": "t"})", "within= is two durations"},
      {R"({"on": "k", "within": ["soon", "2s"], "time": "at", "right_time": "t"})",
       "a duration is a number and a unit"},
      {R"({"on": "k", "within": ["0s", "2s"], "time": "at"})", "of the second flow: put with_event_time(...)"},
      {R"({"on": "k", "within": ["0s", "2s"], "time": "k", "right_time": "t"})", "'k' is no time"}};
  const Schemas schemas = {
      rows_from_json("[]", "k: string, at: int64")->schema(), rows_from_json("[]", "k: string, t: int64")->schema()};
  for (const auto& [params, said] : cases) {
    const auto schema = kind.schema(params_of(kind, params), schemas);
    ASSERT_FALSE(schema.ok()) << params;
    EXPECT_NE(schema.error().text().find(said), std::string::npos) << schema.error().text();
  }
}

/// The rows that a run gave, apart from those that were late, and how many those were.
struct Given {
  std::multiset<std::string> rows;
  int late = 0;
  void take(const std::string& told) {
    bool is_late = false;
    for (std::size_t begin = 0; begin < told.size();) {
      const auto end = std::min(told.find(' ', begin), told.size());
      const auto word = told.substr(begin, end - begin);
      begin = end + 1;
      if (word == "time") return;
      if (word == "late")
        is_late = true;
      else if (is_late)
        ++late;
      else
        rows.insert(word);
    }
  }
};

std::multiset<std::string> nested_loops(const std::vector<std::pair<std::string, std::int64_t>>& lefts,
                                        const std::vector<std::pair<std::string, std::int64_t>>& rights, bool keep_left,
                                        bool keep_right) {
  std::multiset<std::string> rows;
  std::vector<bool> had(rights.size());
  const auto made = [](const std::string& key, const std::string& at, const std::string& t) {
    return R"({"k":")" + key + R"(","at":)" + at + R"(,"t":)" + t + "}";
  };
  for (const auto& [key, at] : lefts) {
    bool any = false;
    for (std::size_t i = 0; i < rights.size(); ++i) {
      const auto& [other, t] = rights[i];
      if (key != other || t < at - 300 || t > at + 100) continue;
      any = had[i] = true;
      rows.insert(made(key, std::to_string(at), std::to_string(t)));
    }
    if (!any && keep_left) rows.insert(made(key, std::to_string(at), "null"));
  }
  for (std::size_t i = 0; i < rights.size(); ++i) {
    if (!had[i] && keep_right) rows.insert(made(rights[i].first, "null", std::to_string(rights[i].second)));
  }
  return rows;
}

TEST(IntervalJoin, a_stream_that_is_restarted_anywhere_comes_to_what_nested_loops_over_its_rows_in_time_come_to) {
  int late = 0;
  std::size_t rows = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const bool full = random.chance(50), in_time = random.chance(30);
    const auto make = [&] { return new Streamed(joining(full ? "full" : "inner", R"(["-300ms", "100ms"])")); };
    std::unique_ptr<Streamed> stream(make());
    std::vector<std::pair<std::string, std::int64_t>> sides[2];
    Given given;
    std::int64_t newest = 1000, passed = 0;
    for (int i = 0; i < 80; ++i) {
      newest += static_cast<std::int64_t>(random.below(60));
      const auto at = newest - static_cast<std::int64_t>(random.below(400));
      const std::string key(1, static_cast<char>('a' + random.below(3)));
      const int port = random.chance(50) ? 1 : 0;
      if (at >= passed) sides[port].emplace_back(key, at);
      given.take(stream->rows_at(port, port == 0 ? left(at, key) : right(at, key)));
      if (random.chance(20)) {  // another process goes on
        std::unique_ptr<Streamed> next(make());
        next->restore(stream->snapshot());
        stream = std::move(next);
      }
      if (random.chance(50)) {
        passed = std::max(passed, newest - (in_time ? 460 : 200));
        given.take(stream->time(passed));
      }
    }
    given.take(stream->end());
    ASSERT_EQ(given.rows, nested_loops(sides[0], sides[1], full, full)) << "seed " << seed;
    ASSERT_EQ(static_cast<std::size_t>(given.late) + sides[0].size() + sides[1].size(), 80U) << "seed " << seed;
    late += given.late;
    rows += given.rows.size();
  }
  EXPECT_GT(late, 500);
  EXPECT_GT(rows, 10'000U);
}

TEST(IntervalJoin, many_rows_of_one_key_that_come_out_of_order_find_their_partners) {
  auto step = joining("inner", R"(["0s", "0s"])");
  Random random(5);
  std::vector<std::int64_t> times;
  for (std::int64_t i = 0; i < 3000; ++i) times.push_back(i);
  for (std::size_t i = times.size(); i-- > 1;) std::swap(times[i], times[random.below(i + 1)]);
  for (const auto at : times) step.rows_at(0, left(at));
  for (const auto at : times) EXPECT_EQ(step.rows_at(1, right(at)), row(at, at));
}

}  // namespace
}  // namespace klein
