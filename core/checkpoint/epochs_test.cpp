#include "checkpoint/epochs.h"

#include <gtest/gtest.h>

namespace klein {
namespace {

using Splits = std::map<std::string, std::vector<Split>>;

Split at(const std::string& id, const std::string& position, std::int64_t skip = 0) {
  return {.id = id, .position = position, .skip = skip};
}

const Splits two = {{"read", {at("a", ""), at("b", "")}}};

TaskSnapshot reading(const Split& split) { return {.reading = {{"read", {split}}}}; }
TaskSnapshot has_read(const std::string& id) { return {.read = {{"read", {id}}}}; }
TaskSnapshot staged(const std::string& token) { return {.tokens = {{"write", "sink", token}}}; }

std::vector<std::string> tokens_of(const Manifest& manifest) {
  std::vector<std::string> all;
  for (const auto& token : manifest.tokens) all.push_back(token.bytes);
  return all;
}

TEST(Epochs, keep_a_split_until_a_reader_says_how_far_it_is) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.stored(0, Epoch{1}, {reading(at("a", "5", 2)), {}});
  EXPECT_EQ(epochs.manifest().splits, (Splits{{"read", {at("a", "5", 2), at("b", "")}}}));
  epochs.sealed();
  epochs.begin(Epoch{2}, {0});
  epochs.stored(0, Epoch{2}, {has_read("a"), {}});
  EXPECT_EQ(epochs.manifest().splits, (Splits{{"read", {at("b", "")}}}));
}

TEST(Epochs, wait_for_every_task_that_ran_when_they_began) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0, 1});
  epochs.stored(0, Epoch{1}, {});
  EXPECT_EQ(epochs.verdict(true), Verdict::wait);
  epochs.stored(1, Epoch{1}, {});
  EXPECT_EQ(epochs.verdict(true), Verdict::seal);
  EXPECT_EQ(epochs.verdict(false), Verdict::discard);
}

TEST(Epochs, count_a_task_that_ends_before_its_cut) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.gone(0, Epoch{1}, has_read("a"));
  EXPECT_EQ(epochs.verdict(true), Verdict::seal);
  EXPECT_EQ(epochs.manifest().splits, (Splits{{"read", {at("b", "")}}}));
}

TEST(Epochs, leave_what_a_task_did_after_its_cut_to_the_next_epoch) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.gone(0, Epoch{2}, staged("after"));  // it may end before its cut is stored
  EXPECT_EQ(epochs.verdict(true), Verdict::wait);
  epochs.stored(0, Epoch{1}, {staged("before"), {}});
  EXPECT_EQ(tokens_of(epochs.manifest()), (std::vector<std::string>{"before"}));
  epochs.sealed();
  epochs.begin(Epoch{2}, {});
  EXPECT_EQ(tokens_of(epochs.manifest()), (std::vector<std::string>{"after"}));
}

TEST(Epochs, know_the_states_of_tasks_that_have_ended) {
  Epochs epochs(two, {}, true);
  epochs.gone(0, Epoch{1}, {.states = {{"limit", Value(0)}}});
  for (int epoch = 1; epoch < 3; ++epoch) {
    epochs.begin(Epoch{epoch}, {});
    EXPECT_EQ(epochs.manifest().states, (std::map<std::string, std::vector<Value>>{{"limit", {Value(0)}}}));
    epochs.sealed();
  }
}

TEST(Epochs, carry_what_was_read_and_staged_for_an_epoch_that_is_given_up_but_not_its_batches) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  auto first = staged("one");
  first.read = {{"read", {"a"}}};
  first.states = {{"limit", Value(1)}};
  epochs.stored(0, Epoch{1}, {first, {{"x>y:0", {{.key = "k"}}}}});
  epochs.write_failed();
  EXPECT_EQ(epochs.verdict(true), Verdict::discard);
  epochs.discarded();
  epochs.begin(Epoch{2}, {0});
  auto second = staged("two");
  second.states = {{"limit", Value(2)}};
  epochs.stored(0, Epoch{2}, {second, {}});
  const auto manifest = epochs.manifest();
  EXPECT_EQ(tokens_of(manifest), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(manifest.splits, (Splits{{"read", {at("b", "")}}}));
  EXPECT_EQ(manifest.states, (std::map<std::string, std::vector<Value>>{{"limit", {Value(2)}}}));
  EXPECT_TRUE(manifest.in_flight.empty());
}

TEST(Epochs, hold_tokens_until_the_last_epoch_where_epochs_do_not_commit) {
  Epochs epochs(two, {{"write", "sink", "earlier"}}, false);
  epochs.begin(Epoch{1}, {0});
  epochs.stored(0, Epoch{1}, {staged("one"), {}});
  epochs.sealed();
  epochs.begin(Epoch{2}, {0});
  EXPECT_EQ(tokens_of(epochs.manifest()), (std::vector<std::string>{"earlier", "one"}));
}

TEST(Epochs, commit_a_token_with_one_epoch_only) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.stored(0, Epoch{1}, {staged("one"), {}});
  epochs.sealed();
  epochs.begin(Epoch{2}, {0});
  EXPECT_TRUE(epochs.manifest().tokens.empty());
}

/// A task's snapshot whose step keeps rows by key: all of them, or what has changed since the last.
StoredSnapshot kept(const std::string& key, bool since_last) {
  State state(Value(1));
  state.since_last = since_last;
  return {.facts = {.states = {{"count", state}}}, .tables = {{"count", {{"rows", {{.key = key}}}}}}};
}

std::vector<std::string> tables_of(const Manifest& manifest) {
  std::vector<std::string> all;
  for (const auto& [step, by_name] : manifest.tables) {
    for (const auto& [name, stored] : by_name) {
      for (const auto& each : stored) all.push_back(each.key);
    }
  }
  return all;
}

TEST(Epochs, keep_what_a_step_has_changed_behind_what_it_had_until_it_gives_all_again) {
  using Keys = std::vector<std::string>;
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0, 1});
  epochs.stored(0, Epoch{1}, kept("0 all", false));
  epochs.stored(1, Epoch{1}, kept("1 all", false));
  epochs.sealed();
  epochs.begin(Epoch{2}, {0, 1});
  epochs.stored(0, Epoch{2}, kept("0 given up", true));
  epochs.write_failed();
  epochs.discarded();
  epochs.begin(Epoch{3}, {0, 1});
  epochs.stored(1, Epoch{3}, kept("1 change", true));
  epochs.stored(0, Epoch{3}, kept("0 change", true));
  EXPECT_EQ(tables_of(epochs.manifest()), (Keys{"0 all", "0 given up", "0 change", "1 all", "1 change"}));
  epochs.sealed();
  epochs.begin(Epoch{4}, {0, 1});
  epochs.stored(0, Epoch{4}, kept("0 all again", false));
  epochs.stored(1, Epoch{4}, {.facts = {}});  // it knows nothing any more
  EXPECT_EQ(tables_of(epochs.manifest()), (Keys{"0 all again"}));
}

TEST(Epochs, forget_what_a_task_kept_by_key_once_it_has_ended_though_its_end_is_told_first) {
  Epochs epochs(two, {}, true);
  epochs.begin(Epoch{1}, {0});
  epochs.gone(0, Epoch{2}, {});
  epochs.stored(0, Epoch{1}, kept("all", false));
  EXPECT_EQ(tables_of(epochs.manifest()), std::vector<std::string>{"all"});
  epochs.discarded();
  epochs.begin(Epoch{2}, {});
  EXPECT_TRUE(epochs.manifest().tables.empty());
}

}  // namespace
}  // namespace klein
