#include <algorithm>
#include <map>

#include "base/random.h"
#include "streamed_test.h"

namespace klein {

void register_aggregate(Registry&);
void register_with_event_time(Registry&);

namespace {

const std::string columns = "k: string, at: int64";

Streamed windows(const std::string& window, const std::string& more = "") {
  return {register_aggregate,
          R"({"keys": "k", "window": ")" + window + R"-(", "time": "at", "aggregates": {"n": "count()"})-" + more + "}",
          {columns}};
}

TEST(Aggregate, a_window_is_given_out_when_time_has_passed_its_end_and_no_sooner) {
  auto step = windows("tumbling(1s)");
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 100}, {"k": "b", "at": 1500}, {"k": "a", "at": 999}])"), "");
  EXPECT_EQ(step.time(999), "");
  EXPECT_EQ(step.time(1000), R"({"k":"a","window_start":0,"window_end":1000,"n":2})");
  EXPECT_EQ(step.time(1999), "");
  EXPECT_EQ(step.end(), R"({"k":"b","window_start":1000,"window_end":2000,"n":1})");
}

TEST(Aggregate, a_row_whose_windows_have_all_been_given_out_leaves_by_the_late_port) {
  auto step = windows("tumbling(1s)");
  step.rows(R"([{"k": "a", "at": 100}])");
  step.time(1000);
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 200}, {"k": "c", "at": 1000}])"), R"(late {"k":"a","at":200})");
  EXPECT_EQ(step.end(), R"({"k":"c","window_start":1000,"window_end":2000,"n":1})");
}

TEST(Aggregate, a_late_row_that_is_allowed_changes_the_result) {
  auto step = windows("tumbling(1s)", R"(, "allowed_lateness": "500ms")");
  step.rows(R"([{"k": "a", "at": 100}])");
  step.time(1400);
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 200}, {"k": "b", "at": 300}])"),
            R"({"k":"a","window_start":0,"window_end":1000,"n":2} {"k":"b","window_start":0,"window_end":1000,"n":1})");
  EXPECT_EQ(step.time(1500), "");
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 200}])"), R"(late {"k":"a","at":200})");
  EXPECT_EQ(step.end(), "");
}

TEST(Aggregate, rows_of_one_slide_may_be_in_different_windows) {
  auto step = windows("sliding(3s, 2s)");
  step.rows(R"([{"k": "a", "at": 0}, {"k": "a", "at": 1500}, {"k": "a", "at": 500}, {"k": "a", "at": 2500}])");
  EXPECT_EQ(step.end(), R"({"k":"a","window_start":-2000,"window_end":1000,"n":2} )"
                        R"({"k":"a","window_start":0,"window_end":3000,"n":4} )"
                        R"({"k":"a","window_start":2000,"window_end":5000,"n":1})");
}

TEST(Aggregate, a_session_grows_as_long_as_rows_come_and_is_given_out_once) {
  auto step = windows("session(1s)");
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 0}, {"k": "a", "at": 900}, {"k": "a", "at": 500}])"), "");
  EXPECT_EQ(step.time(1200), "");  // it has grown since it was to be looked at
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 1900}, {"k": "b", "at": 2000}])"), "");
  EXPECT_EQ(step.time(2899), "");
  EXPECT_EQ(step.time(2900), R"({"k":"a","window_start":0,"window_end":2900,"n":4})");
  EXPECT_EQ(step.end(), R"({"k":"b","window_start":2000,"window_end":3000,"n":1})");
}

TEST(Aggregate, a_row_between_two_sessions_makes_them_one) {
  auto step = windows("session(1s)");
  step.rows(R"([{"k": "a", "at": 0}, {"k": "a", "at": 1900}, {"k": "b", "at": 900}])");
  EXPECT_EQ(step.time(900), "");
  step.rows(R"([{"k": "a", "at": 950}])");
  EXPECT_EQ(step.time(2000), R"({"k":"b","window_start":900,"window_end":1900,"n":1})");
  EXPECT_EQ(step.time(3000), R"({"k":"a","window_start":0,"window_end":2900,"n":3})");
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 1000}])"), R"(late {"k":"a","at":1000})");
}

TEST(Aggregate, a_session_that_was_given_out_is_given_out_again_where_a_row_is_allowed_to_be_late) {
  auto step = windows("session(1s)", R"(, "allowed_lateness": "1s")");
  step.rows(R"([{"k": "a", "at": 0}])");
  EXPECT_EQ(step.time(1000), R"({"k":"a","window_start":0,"window_end":1000,"n":1})");
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 0}])"), R"({"k":"a","window_start":0,"window_end":1000,"n":2})");
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 500}])"), "");  // it lasts longer now
  EXPECT_EQ(step.time(1500), R"({"k":"a","window_start":0,"window_end":1500,"n":3})");
  EXPECT_EQ(step.time(2500), "");
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 400}])"), R"(late {"k":"a","at":400})");
}

TEST(Aggregate, results_so_far_are_given_out_each_time_the_alarm_rings_where_they_changed) {
  for (const std::string window : {"tumbling(10s)", "session(10s)"}) {
    auto step = windows(window, R"(, "early": "1s")");
    step.rows(R"([{"k": "a", "at": 0}])");
    EXPECT_EQ(step.alarm, second);
    step.clock.time = second;
    EXPECT_EQ(step.ring(), R"({"k":"a","window_start":0,"window_end":10000,"n":1})");
    EXPECT_EQ(step.alarm, 0);
    step.rows(R"([{"k": "b", "at": 0}])");
    EXPECT_EQ(step.ring(), "");
    EXPECT_EQ(step.alarm, 2 * second);
    step.clock.time = 2 * second;
    EXPECT_EQ(step.ring(), R"({"k":"b","window_start":0,"window_end":10000,"n":1})");
    EXPECT_EQ(step.end(), R"({"k":"a","window_start":0,"window_end":10000,"n":1} )"
                          R"({"k":"b","window_start":0,"window_end":10000,"n":1})");
  }
}

std::string late_result(int n) {
  return R"({"k":"a","window_start":0,"window_end":1000,"n":)" + std::to_string(n) + "}";
}

TEST(Aggregate, what_late_rows_change_is_given_out_together_where_that_is_asked_for) {
  for (const std::string window : {"tumbling(1s)", "session(1s)"}) {
    auto step = windows(window, R"(, "allowed_lateness": "5s", "late": "2s")");
    step.rows(R"([{"k": "a", "at": 0}])");
    EXPECT_EQ(step.time(1000), late_result(1));
    step.clock.time = 2 * second;
    EXPECT_EQ(step.ring(), "");  // nothing was late so far
    for (int i = 0; i < 3; ++i) EXPECT_EQ(step.rows(R"([{"k": "a", "at": 0}])"), "");
    EXPECT_EQ(step.alarm, 4 * second);
    EXPECT_EQ(step.time(1001), "");
    step.clock.time = 4 * second;
    EXPECT_EQ(step.ring(), late_result(4));
    step.rows(R"([{"k": "a", "at": 0}])");
    EXPECT_EQ(step.time(6000), late_result(5)) << window;  // it takes no more rows
    EXPECT_EQ(step.end(), "");
  }
}

TEST(Aggregate, what_late_rows_changed_and_waits_to_be_given_out_is_so_by_another_process) {
  for (const std::string window : {"tumbling(1s)", "session(1s)"}) {
    const std::string late = R"(, "allowed_lateness": "5s", "late": "2s")";
    auto before = windows(window, late), after = windows(window, late), none = windows(window, late);
    before.rows(R"([{"k": "a", "at": 0}])");
    before.time(1000);
    none.restore(before.snapshot());
    EXPECT_EQ(none.end(), "");
    before.rows(R"([{"k": "a", "at": 0}])");
    after.restore(before.snapshot());
    EXPECT_EQ(after.time(1000), late_result(2)) << window;
    EXPECT_EQ(after.end(), "");
  }
}

TEST(Aggregate, what_was_late_before_a_restart_is_late_after_it) {
  for (const std::string window : {"tumbling(1s)", "session(1s)"}) {
    auto before = windows(window), after = windows(window);
    before.rows(R"([{"k": "a", "at": 0}, {"k": "b", "at": 5000}])");
    before.time(4000);
    after.restore(before.snapshot());
    EXPECT_EQ(after.rows(R"([{"k": "a", "at": 2000}])"), R"(late {"k":"a","at":2000})");
    EXPECT_EQ(after.end(), R"({"k":"b","window_start":5000,"window_end":6000,"n":1})");
  }
}

std::string rows_at(Random& random, int from, int count) {
  std::string json = "[";
  for (int i = 0; i < count; ++i) {
    json += (i > 0 ? ", " : "") + std::string(R"({"k": "k)") + std::to_string(random.below(700)) + R"(", "at": )" +
            std::to_string(from + static_cast<int>(random.below(3000))) + "}";
  }
  return json + "]";
}

TEST(Aggregate, snapshots_of_many_windows_hold_what_has_changed_and_a_restart_from_them_gives_the_same) {
  for (const auto* more : {"", R"(, "allowed_lateness": "700ms")", R"(, "early": "1s", "allowed_lateness": "700ms")"}) {
    Random random(3);
    auto step = windows("sliding(2s, 1s)", more);
    std::optional<State> all;
    int changes = 0, now = 0;
    for (int round = 0; round < 30; ++round) {
      step.rows(rows_at(random, now, round == 0 ? 3000 : static_cast<int>(random.below(60))));
      if (random.below(3) == 0) step.ring();
      now += static_cast<int>(random.below(400));
      step.time(now);
      auto later = step.snapshot();
      changes += later.since_last ? 1 : 0;
      if (all)
        all->follow(std::move(later));
      else
        all = std::move(later);
    }
    EXPECT_GT(changes, 10);
    auto restored = windows("sliding(2s, 1s)", more);
    restored.restore(*all);
    restored.time(now);  // what was due has been given out
    auto sorted = [](const std::string& told) {
      std::vector<std::string> rows;
      for (std::size_t at = 0; at < told.size();) {
        const auto end = std::min(told.find("} ", at), told.size());
        rows.push_back(told.substr(at, end - at));
        at = end + 2;
      }
      std::sort(rows.begin(), rows.end());
      return rows;
    };
    const auto last = rows_at(random, now - 900, 500);
    EXPECT_EQ(sorted(restored.rows(last)), sorted(step.rows(last)));
    EXPECT_EQ(sorted(restored.end()), sorted(step.end()));
  }
}

TEST(Aggregate, the_state_of_other_aggregates_is_refused) {
  auto before = windows("tumbling(1s)");
  before.rows(R"([{"k": "a", "at": 0}])");
  const auto kind = kind_from(register_aggregate);
  const auto other = *kind.make(
      params_of(kind, R"-({"keys": "k", "window": "tumbling(1s)", "time": "at", "aggregates": {"n": "max(at)"}})-"),
      {std::nullopt});
  const auto restored = other->restore(before.snapshot());
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().text(),
            "its state is of other keys or aggregates (by k in windows: n=count()) than the step's now (by k in "
            "windows: n=max(at)): give the step another name, or begin anew");
}

TEST(Aggregate, a_row_without_a_time_is_an_error_that_names_it) {
  auto step = windows("tumbling(1s)");
  EXPECT_EQ(step.rows(R"([{"k": "a", "at": 0}, {"k": "a", "at": null}])"),
            "row 1: its time 'at' is null; filter such rows before");
}

TEST(Aggregate, without_a_window_an_endless_stream_has_no_result_and_is_refused) {
  Streamed step(register_aggregate, R"-({"keys": "k", "aggregates": {"n": "count()"}})-", {columns});
  ASSERT_FALSE(step.opened.ok());
  EXPECT_NE(step.opened.error().text().find("use window="), std::string::npos);
}

/// The last result of each key and window, and how many rows were late.
struct Results {
  std::map<std::string, std::string> last;
  int late = 0;
  void take(const std::string& told) {
    bool is_late = false;
    for (std::size_t begin = 0; begin < told.size();) {
      const auto end = std::min(told.find(' ', begin), told.size());
      const auto word = told.substr(begin, end - begin);
      begin = end + 1;
      if (word == "late")
        is_late = true;
      else if (is_late)
        ++late;
      else
        last[word.substr(0, word.find("\"n\""))] = word;
    }
  }
};

TEST(Aggregate, a_stream_comes_to_what_the_batch_of_its_rows_in_time_comes_to) {
  int late = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const std::string window =
        random.chance(33)   ? "tumbling(1s)"
        : random.chance(50) ? "sliding(2s, 500ms)"
                            : "session(300ms)";
    const bool some_late = window == "tumbling(1s)";  // a row late for one of its windows is not late
    std::unique_ptr<Streamed> stream(new Streamed(windows(window)));
    auto batch = windows(window);
    Results streamed, whole;
    std::int64_t newest = 0;
    const std::int64_t disorder = 500, allowed = some_late ? 250 : disorder;
    for (int i = 0; i < 60; ++i) {
      newest += static_cast<std::int64_t>(random.below(200));
      const auto at = newest - static_cast<std::int64_t>(random.below(disorder));
      const std::string row = R"([{"k": ")" + std::string(1, static_cast<char>('a' + random.below(3))) +
                              R"(", "at": )" + std::to_string(at) + "}]";
      const auto told = stream->rows(row);
      streamed.take(told);
      if (told.find("late") == std::string::npos) whole.take(batch.rows(row));
      if (random.chance(20)) {  // another process goes on
        std::unique_ptr<Streamed> next(new Streamed(windows(window)));
        next->restore(stream->snapshot());
        stream = std::move(next);
      }
      if (random.chance(50)) streamed.take(stream->time(newest - allowed));
    }
    streamed.take(stream->end());
    whole.take(batch.end());
    ASSERT_EQ(streamed.last, whole.last) << "seed " << seed << " " << window;
    late += streamed.late;
  }
  EXPECT_GT(late, 50);
}

TEST(Aggregate, rows_in_one_batch_come_to_what_they_come_to_one_by_one) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    for (const std::string window : {"tumbling(1s)", "sliding(2s, 500ms)", "sliding(3s, 2s)", "session(300ms)"}) {
      auto together = windows(window), apart = windows(window);
      Results whole, single;
      for (int batch = 0; batch < 3; ++batch) {
        std::string rows;
        for (int i = 0; i < 20; ++i) {
          const std::string row = R"({"k": ")" + std::string(1, static_cast<char>('a' + random.below(3))) +
                                  R"(", "at": )" + std::to_string(batch * 2000 + random.below(4000)) + "}";
          rows += (rows.empty() ? "" : ", ") + row;
          single.take(apart.rows("[" + row + "]"));
        }
        whole.take(together.rows("[" + rows + "]"));
        if (random.chance(50)) {
          whole.take(together.time(batch * 2000));
          single.take(apart.time(batch * 2000));
        }
      }
      whole.take(together.end());
      single.take(apart.end());
      ASSERT_EQ(whole.last, single.last) << "seed " << seed << " " << window;
      ASSERT_EQ(whole.late, single.late) << "seed " << seed << " " << window;
      ASSERT_FALSE(whole.last.empty());
    }
  }
}

Streamed timed(const std::string& more) {
  return {register_with_event_time, R"({"column": "at", "max_out_of_orderness": "100ms")" + more + "}", {columns}};
}

std::shared_ptr<const std::string> label(const std::string& name) { return std::make_shared<const std::string>(name); }

std::string row_at(std::int64_t time) { return R"([{"k": "a", "at": )" + std::to_string(time) + "}]"; }

std::string after(std::int64_t time, const std::string& more) {
  return R"({"k":"a","at":)" + std::to_string(time) + "}" + (more.empty() ? "" : " " + more);
}

TEST(WithEventTime, time_is_the_newest_row_s_less_what_rows_come_out_of_order) {
  auto step = timed("");
  EXPECT_EQ(step.rows(row_at(1000)), after(1000, "time 900"));
  step.clock.time += second;
  EXPECT_EQ(step.rows(row_at(950)), after(950, ""));
  EXPECT_EQ(step.rows(row_at(2000)), after(2000, "time 1900"));
}

TEST(WithEventTime, the_split_that_is_behind_is_waited_for) {
  auto step = timed("");
  const auto one = label("one"), two = label("two");
  step.reading.open = {one, two};
  EXPECT_EQ(step.rows(row_at(1000), one), after(1000, ""));
  step.clock.time += second;
  EXPECT_EQ(step.rows(row_at(500), two), after(500, "time 400"));
  step.clock.time += second;
  EXPECT_EQ(step.rows(row_at(5000), two), after(5000, "time 900"));
  step.clock.time += second;
  step.reading.open = {two};  // the other has ended
  EXPECT_EQ(step.rows(row_at(5001), two), after(5001, "time 4901"));
}

TEST(WithEventTime, a_split_that_is_silent_for_long_is_not_waited_for) {
  auto step = timed(R"(, "idleness": "2s")");
  const auto one = label("one"), two = label("two");
  step.reading.open = {one, two};
  EXPECT_EQ(step.alarm, 2 * second);  // they may be silent from the begin
  step.clock.time = 10 * second;
  EXPECT_EQ(step.ring(), "");
  step.rows(row_at(1000), one);
  EXPECT_EQ(step.alarm, 12 * second);
  step.clock.time = 11 * second;
  step.rows(row_at(1001), one);
  step.clock.time = 12 * second;
  EXPECT_EQ(step.ring(), "time 901");
  step.clock.time = 13 * second;
  EXPECT_EQ(step.ring(), "idle at 901");
  step.clock.time = 14 * second;
  EXPECT_EQ(step.rows(row_at(3000), two), after(3000, "time 2900"));
}

TEST(WithEventTime, nothing_is_said_while_splits_have_still_to_be_given_out) {
  auto step = timed("");
  const auto one = label("one");
  step.reading.open = {one};
  step.reading.more = true;
  EXPECT_EQ(step.rows(row_at(1000), one), after(1000, ""));
}

}  // namespace
}  // namespace klein
