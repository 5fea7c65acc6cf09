#include "op/remote_parts.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "op/json_rows.h"

namespace klein {
namespace {

Batch rows(int count) {
  std::string json = "[";
  for (int row = 0; row < count; ++row) json += (row > 0 ? "," : "") + std::to_string(row);
  return *rows_from_json(json + "]", "");
}

struct Course {
  std::vector<std::int64_t> made, failed;  // rows, as they came out
  int calls = 0, deaths = 0;
};

/// Makes the calls one after the other; `behave` says what becomes of the rows [first, first + count).
enum class Fate { made, raises, names, dies };
Course run(const Batch& batch, RemoteParts& parts, const std::function<Fate(std::int64_t, std::int64_t)>& behave) {
  Course course;
  while (!parts.empty()) {
    while (const auto part = parts.take_finished()) {
      for (std::int64_t row = part->first; row < part->first + part->count; ++row) {
        (part->state == RemoteParts::State::made ? course.made : course.failed).push_back(row);
      }
    }
    const auto place = parts.next();
    if (!place) continue;
    auto& part = **place;
    part.state = RemoteParts::State::given;
    part.call = ++course.calls;
    const auto fate = behave(part.first, part.count);
    RemoteCalls::Answer answer{.call = part.call};
    if (fate != Fate::made) answer.error = Error(Code::user, "bad");
    if (fate == Fate::names) answer.error = Error(Code::user, "bad").at_row(batch.row_id(part.first));
    answer.lost = answer.begun = fate == Fate::dies;
    course.deaths += fate == Fate::dies ? 1 : 0;
    parts.answer(std::move(answer), batch);
  }
  return course;
}

std::vector<std::int64_t> all_but(std::int64_t count, const std::set<std::int64_t>& left_out) {
  std::vector<std::int64_t> all;
  for (std::int64_t row = 0; row < count; ++row) {
    if (left_out.count(row) == 0) all.push_back(row);
  }
  return all;
}

std::function<Fate(std::int64_t, std::int64_t)> fatal(const std::set<std::int64_t>& rows, Fate fate) {
  return [=](std::int64_t first, std::int64_t count) {
    const auto found = rows.lower_bound(first);
    return found != rows.end() && *found < first + count ? fate : Fate::made;
  };
}

TEST(RemoteParts, RowsThatRaiseAreFoundByHalving) {
  for (const std::set<std::int64_t>& bad : {std::set<std::int64_t>{}, {0}, {63}, {17, 18, 40}}) {
    const auto batch = rows(64);
    RemoteParts parts;
    parts.add(0, 64);
    const auto course = run(batch, parts, fatal(bad, Fate::raises));
    EXPECT_EQ(course.made, all_but(64, bad));
    EXPECT_EQ(course.failed, std::vector<std::int64_t>(bad.begin(), bad.end()));
    EXPECT_LE(course.calls, 1 + 12 * static_cast<int>(bad.size()));  // 2 log2 64 more for each
  }
}

TEST(RemoteParts, RowsThatKillAreFoundAndNoOtherIsGivenUp) {
  for (const std::set<std::int64_t>& bad : {std::set<std::int64_t>{5}, {0, 63}, {30, 31, 32}}) {
    const auto batch = rows(64);
    RemoteParts parts;
    parts.add(0, 32);
    parts.add(32, 32);
    const auto course = run(batch, parts, fatal(bad, Fate::dies));
    EXPECT_EQ(course.made, all_but(64, bad));
    EXPECT_EQ(course.failed, std::vector<std::int64_t>(bad.begin(), bad.end()));
    EXPECT_LE(course.deaths, 8 * static_cast<int>(bad.size()));  // 2 + log2 32, or fewer where they meet
  }
}

TEST(RemoteParts, AProcessThatDiesOnceCostsNoRow) {
  const auto batch = rows(8);
  RemoteParts parts;
  parts.add(0, 8);
  bool died = false;
  const auto course = run(
      batch, parts, [&](std::int64_t, std::int64_t) { return std::exchange(died, true) ? Fate::made : Fate::dies; });
  EXPECT_EQ(course.made, all_but(8, {}));
  EXPECT_EQ(course.calls, 2);
}

TEST(RemoteParts, AnErrorThatNamesItsRowCostsNoHalving) {
  const auto batch = rows(4);
  RemoteParts parts;
  parts.add(2, 2);
  const auto course = run(batch, parts, fatal({2}, Fate::names));
  EXPECT_EQ(course.failed, std::vector<std::int64_t>{2});
  EXPECT_EQ(course.made, std::vector<std::int64_t>{3});
  EXPECT_EQ(course.calls, 2);
}

TEST(RemoteParts, WhatAProcessDiedAtIsGivenAlone) {
  RemoteParts parts;
  parts.add(0, 1);
  parts.add(1, 1);
  const auto batch = rows(2);
  const auto give = [&](std::int64_t call) {
    const auto place = parts.next();
    if (!place) return false;
    (*place)->state = RemoteParts::State::given;
    (*place)->call = call;
    return true;
  };
  EXPECT_TRUE(give(1));
  EXPECT_TRUE(give(2));
  parts.answer({.call = 1, .error = Error(Code::user, "died"), .lost = true, .begun = true}, batch);
  EXPECT_FALSE(give(3)) << "the other call is still under way";
  parts.answer({.call = 2, .error = Error(Code::user, "died"), .lost = true}, batch);
  EXPECT_TRUE(give(4));
  EXPECT_FALSE(give(5)) << "the suspect is under way";
}

}  // namespace
}  // namespace klein
